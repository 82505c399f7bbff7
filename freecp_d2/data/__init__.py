"""The benchmarks, their label files and the dataset mapper."""

from .benchmark_spec import Benchmark
from .benchmarks import BENCHMARKS, register_benchmarks
from .labels import (
    IGNORE_LABEL,
    LabelEncoding,
    raw_encoding,
    read_label,
    rest_encoding,
    shifted_encoding,
)
from .loading import datasets_root, load_benchmark
from .mapper import FreeCPDatasetMapper
from .storybook.dataset import load_storybook, register_storybook

__all__ = [
    "BENCHMARKS",
    "IGNORE_LABEL",
    "Benchmark",
    "FreeCPDatasetMapper",
    "LabelEncoding",
    "datasets_root",
    "load_benchmark",
    "load_storybook",
    "raw_encoding",
    "read_label",
    "register_benchmarks",
    "register_storybook",
    "rest_encoding",
    "shifted_encoding",
]
