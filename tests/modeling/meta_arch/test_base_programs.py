"""
Whole images against the base methods' own programs: windows of 96 pixels at stride 48, cosines
averaged over windows, resized, softmax, classes, area and threshold; see tests/parity/README.md.
"""

import numpy as np
import pytest
import torch

from freecp_d2.modeling.backbone.dense_attention import NACLIP, SCCLIP, ResCLIP, scclip
from freecp_d2.modeling.meta_arch.freecp_segmentor import FreeCPSegmentor
from freecp_d2.modeling.outputs import full_scores
from freecp_d2.modeling.pamr import PAMR
from freecp_d2.modeling.text_head import TextHead
from freecp_d2.text import load_vocabulary
from tests.helpers.parity_bases import arrays, backbone

E2E = "deep12_e2e"


def resclip():
    thresh, *numbers = arrays(E2E)["resclip/params"].tolist()
    return ResCLIP(
        layers=(5, 6, 7, 8),
        rcs=tuple(numbers[:2]),
        sfr=tuple(numbers[2:4]),
        confidence_thresh=thresh,
        std=numbers[4],
        logit_scale=numbers[5],
    )


PROGRAMS = {
    "naclip": NACLIP,
    "scclip": lambda: SCCLIP(**scclip.layers_for_depth(12)),
    "resclip": resclip,
}


def segmentor(program):
    stored = arrays(E2E)
    text = torch.from_numpy(stored.get(f"{program}/text", stored["text"]))
    owners = stored[f"{program}/query_idx"].tolist()
    classes = [[f"w{i}" for i, k in enumerate(owners) if k == n] for n in range(max(owners) + 1)]
    words = "; ".join(", ".join(few) for few in classes[1:])
    vocabulary = load_vocabulary(f"background: {', '.join(classes[0])}; {words}")
    head = TextHead(
        vocabulary=vocabulary,
        logit_scale=float(stored.get(f"{program}/logit_scale", 40.0)),
        background="words",
        background_thresh=float(stored[f"{program}/prob_thd"]),
        min_area=float(stored.get(f"{program}/area_thd", 0.0)),
        softmax="image",
    )
    order = [i for n in range(len(classes)) for i, k in enumerate(owners) if k == n]
    assert order == list(range(len(owners))), "words are in the order of their classes"
    head.set_features(text, text[3 : 3 + vocabulary.num_classes])
    return FreeCPSegmentor(
        backbone=backbone("deep12_clip_weights", PROGRAMS[program]()),
        text_head=head,
        affinity_head=None,
        purification_head=None,
        input_format="RGB",
        window_size=96,
        window_stride=48,
        window_batch_size=4,
        crop_size=96,
        refine=PAMR() if program == "naclip" else None,
        return_label_map=True,
    )


@pytest.fixture(params=PROGRAMS)
def run(request):
    """The program's name, our label map, and our scores before the threshold."""
    program = request.param
    stored, model = arrays(E2E), segmentor(program)
    height, width = stored[f"{program}/ori_shape"].tolist()
    image = torch.from_numpy(stored["image_uint8"]).permute(2, 0, 1)
    inputs = [{"image": image, "height": height, "width": width}]
    (labels,) = (found["sem_seg"] for found in model(inputs))
    (segmented,) = model.segment(inputs)
    num_classes = len(model.text_head.output_names)
    scores = full_scores(segmented.scores, num_classes, (height, width), background=False)
    return program, labels.numpy(), scores


def test_label_maps(run):
    program, labels, scores = run
    stored = arrays(E2E)
    thresh = float(stored[f"{program}/prob_thd"])
    best = scores.topk(2, dim=0).values.numpy()
    sure = (best[0] - best[1] > 1e-4) & (np.abs(best[0] - thresh) > 1e-4)
    assert sure.mean() > 0.95
    assert (labels == stored[f"{program}/pred"])[sure].all()
    if program != "scclip":  # the values are divided by their sum after the threshold
        scores = scores / scores.sum(dim=0)
    prob = torch.from_numpy(stored[f"{program}/prob"]).float()
    torch.testing.assert_close(scores, prob, rtol=0, atol=5e-4)  # stored in half precision
