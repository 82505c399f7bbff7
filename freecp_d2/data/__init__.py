"""The benchmarks and their label files."""

from typing import TYPE_CHECKING

from ..utils.lazy import lazy_names
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

if TYPE_CHECKING:
    from .loading import datasets_root, load_benchmark

__all__ = [
    "BENCHMARKS",
    "IGNORE_LABEL",
    "Benchmark",
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

__getattr__ = lazy_names(__name__, {".loading": ["datasets_root", "load_benchmark"]})
