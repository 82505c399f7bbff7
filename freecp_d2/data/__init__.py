"""The benchmarks, their label files and the dataset mapper."""

from .benchmarks import BENCHMARKS, Benchmark, datasets_root, load_benchmark, register_benchmarks
from .labels import IGNORE_LABEL, LabelEncoding, raw_encoding, read_label, shifted_encoding
from .mapper import FreeCPDatasetMapper

__all__ = [
    "BENCHMARKS",
    "IGNORE_LABEL",
    "Benchmark",
    "FreeCPDatasetMapper",
    "LabelEncoding",
    "datasets_root",
    "load_benchmark",
    "raw_encoding",
    "read_label",
    "register_benchmarks",
    "shifted_encoding",
]
