"""What a benchmark itself calls the classes of its vocabulary, which tells their sense."""

from collections.abc import Sequence

from ..data import BENCHMARKS

__all__ = ["benchmark_names"]


def benchmark_names(vocabulary: str) -> Sequence[str]:
    """
    Names of a benchmark's classes, such as "hood, exhaust hood", in the order of its vocabulary's.

    Args:
        vocabulary: name of a shipped one.

    Returns:
        Sequence[str]: empty for the vocabulary of no benchmark.
    """
    for benchmark in BENCHMARKS.values():
        own = benchmark.vocabulary
        if vocabulary == own or vocabulary.startswith(f"{own}_"):  # voc21_sclip
            return benchmark.class_names[benchmark.background :]
    return ()
