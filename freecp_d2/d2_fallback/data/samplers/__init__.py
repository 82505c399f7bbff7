"""
Counterpart of `detectron2/data/samplers/__init__.py`. Leaves out: the training samplers and
`GroupedBatchSampler`.
"""

from .distributed_sampler import InferenceSampler

__all__ = ["InferenceSampler"]
