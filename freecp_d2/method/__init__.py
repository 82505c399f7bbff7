"""
The equations of the paper as pure, batched tensor functions.

| equation        | file                      | function                                        |
| --------------- | ------------------------- | ----------------------------------------------- |
| Eq. (1)         | eq1_class_activation      | class_activation_maps                           |
| Eq. (2)         | eq2_self_affinity         | self_affinity, transition_matrix                |
| Eq. (3)         | eq3_refinement            | refine                                          |
| Eq. (4)         | eq4_spatial_consistency   | spatial_consistency, pairwise_soft_iou          |
| Eq. (5)         | eq5_redundancy            | redundancy_scores, drop_redundant               |
| Eqs. (6), (7)   | eq6_eq7_ambiguity_groups  | ambiguity_groups                                |
| Eq. (8)         | eq8_ambiguity_elimination | fuse_groups, elect_winners, eliminate_in_*      |
| regions of both | regions                   | region_boxes, boxes_to_mask                     |
| tau_r and tau_a | automatic_thresholds      | automatic_*_thresh                              |
"""

from .automatic_thresholds import automatic_ambiguity_thresh, automatic_redundancy_thresh
from .eq1_class_activation import class_activation_maps, merge_synonyms, min_max_normalise
from .eq2_self_affinity import self_affinity, transition_matrix
from .eq3_refinement import refine
from .eq4_spatial_consistency import pairwise_soft_iou, spatial_consistency
from .eq5_redundancy import drop_redundant, redundancy_scores
from .eq6_eq7_ambiguity_groups import (
    AmbiguityGroups,
    Survivors,
    ambiguity_groups,
    compare_survivors,
    connected_components,
    link_survivors,
    no_groups,
)
from .eq8_ambiguity_elimination import (
    elect_winners,
    eliminate_in_region,
    eliminate_in_window,
    fuse_groups,
)
from .regions import RegionBoxes, boxes_to_mask, no_boxes, region_boxes

__all__ = [
    "AmbiguityGroups", "RegionBoxes", "Survivors", "ambiguity_groups", "automatic_ambiguity_thresh",
    "automatic_redundancy_thresh", "boxes_to_mask", "class_activation_maps", "compare_survivors",
    "connected_components", "drop_redundant", "elect_winners", "eliminate_in_region",
    "eliminate_in_window", "fuse_groups", "link_survivors", "merge_synonyms", "min_max_normalise",
    "no_boxes", "no_groups", "pairwise_soft_iou", "redundancy_scores", "refine", "region_boxes",
    "self_affinity", "spatial_consistency", "transition_matrix",
]  # fmt: skip
