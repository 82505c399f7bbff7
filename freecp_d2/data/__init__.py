"""The benchmarks and their label files."""

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
from .storybook.dataset import load_storybook, register_storybook

__all__ = [
    "BENCHMARKS", "IGNORE_LABEL", "Benchmark", "LabelEncoding", "load_storybook", "raw_encoding",
    "read_label", "register_benchmarks", "register_storybook", "rest_encoding", "shifted_encoding",
]  # fmt: skip
