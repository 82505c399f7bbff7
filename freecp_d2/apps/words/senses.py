"""What a benchmark itself calls the classes of its vocabulary, which tells their sense."""

from collections.abc import Sequence

from ...data import BENCHMARKS
from ...text import Vocabulary, load_vocabulary, shipped_vocabularies
from ...text.descriptions import description_key

__all__ = ["benchmark_names", "class_senses"]


def benchmark_names(vocabulary: str) -> Sequence[str]:
    """
    Names of a benchmark's classes, such as "hood, exhaust hood", in the order of its vocabulary's.

    Args:
        vocabulary: name of a shipped one.

    Returns:
        Sequence[str]: empty for the vocabulary of no benchmark, and for one that does not ship.
    """
    if vocabulary not in shipped_vocabularies():
        return ()
    for benchmark in BENCHMARKS.values():
        own = benchmark.vocabulary
        if vocabulary == own or vocabulary.startswith(f"{own}_"):  # voc21_sclip
            return benchmark.class_names[benchmark.background :]
    return ()


def class_senses(vocabulary: Vocabulary) -> tuple[str, ...]:
    """
    What a benchmark calls each class of a vocabulary.

    A file of one's own may have the name of a shipped one, so the words decide, not the name.

    Returns:
        tuple[str, ...]: one a class; "" where its first word is not that of the shipped list of
            the same name at the same line, and for the vocabulary of no benchmark.
    """
    names = benchmark_names(vocabulary.name)
    shipped = load_vocabulary(vocabulary.name).class_names if names else ()
    found = [
        name if description_key(own) == description_key(theirs) else ""
        for own, theirs, name in zip(vocabulary.class_names, shipped, names, strict=False)
    ]
    return (*found, *("",) * (vocabulary.num_classes - len(found)))
