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
