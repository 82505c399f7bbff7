"""The benchmarks, their label files and the dataset mapper."""

from .benchmarks import BENCHMARKS, Benchmark, datasets_root, load_benchmark, register_benchmarks
from .labels import IGNORE_LABEL, LabelEncoding, raw_encoding, read_label, shifted_encoding
from .mapper import FreeCPDatasetMapper
from .storybook import load_storybook, register_storybook

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
    "shifted_encoding",
]
