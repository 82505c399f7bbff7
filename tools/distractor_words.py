"""
A benchmark with distractors, words without an annotated pixel, as further classes.

Near distractors are easily confused with a class (`word_lists/near.txt`); far ones
come from fields that no benchmark shows (`far.txt`). When a list is used up, its words return with
qualifiers, such as "toy car".
"""

import random
from collections.abc import Iterable, Sequence
from functools import cache, partial
from pathlib import Path

from freecp_d2.d2 import CfgNode, DatasetCatalog, MetadataCatalog, comm
from freecp_d2.engine import load_config
from freecp_d2.modeling.outputs import has_background
from freecp_d2.modeling.text_head import vocabulary_from_config
from freecp_d2.text import Vocabulary
from freecp_d2.text.vocabulary_parsing import word_key
from freecp_d2.utils.files import write_whole

KINDS = ("near", "far", "mixed")

_FOLDER = Path(__file__).resolve().parent / "word_lists"

_NEAR_QUALIFIERS = (
    *("toy", "miniature", "inflatable", "chocolate", "knitted", "rusty", "burning"),
    *("transparent", "statue of a"),
)

_FAR_QUALIFIERS = (
    *("antique", "broken", "bronze", "giant", "frozen", "miniature", "painted", "rusty"),
    *("luminous", "striped", "porcelain"),
)


def foreground_names(cfg: CfgNode, vocabulary: Vocabulary) -> list[str]:
    """
    The dataset's own names of the foreground classes.

    Raises:
        ValueError: DATASETS.TEST does not name one dataset.
    """
    if len(cfg.DATASETS.TEST) != 1:
        raise ValueError(f"DATASETS.TEST is {tuple(cfg.DATASETS.TEST)}, expected one dataset.")
    names = MetadataCatalog.get(cfg.DATASETS.TEST[0]).stuff_classes
    return list(names[has_background(vocabulary, cfg.MODEL.TEXT.BACKGROUND) :])


def widened_config(
    config_file: str, opts: Sequence[str], *, kind: str, width: int, seed: int, output_dir: Path
) -> CfgNode:
    """
    The config of an evaluation with `width` times the words.

    The dataset is registered again, in this process, with the distractors as further classes. The
    main process writes the words to `words.txt` in `output_dir`.

    Args:
        kind, seed: see `choose_distractors`; not used at width 1.

    Raises:
        ValueError: DATASETS.TEST does not name one dataset; too few distractors.
    """
    cfg = load_config(config_file, opts)
    vocabulary = vocabulary_from_config(cfg)
    names, added = foreground_names(cfg, vocabulary), []
    if width > 1:
        number = (width - 1) * vocabulary.num_classes
        added = choose_distractors(vocabulary, number, kind=kind, seed=seed, class_names=names)
    if comm.is_main_process():
        _write_words(output_dir, widen(vocabulary, added))
    comm.synchronize()
    (dataset,) = cfg.DATASETS.TEST
    words = f"{kind}_{width}x_seed{seed}" if width > 1 else "own_words"
    name = f"{dataset}_{words}".replace(":", "_").replace("/", "_")
    if name not in DatasetCatalog.list():
        own = MetadataCatalog.get(dataset)
        MetadataCatalog.get(name).set(
            stuff_classes=[*own.stuff_classes, *added],
            ignore_label=own.ignore_label,
            evaluator_type="sem_seg",
            num_images=own.get("num_images"),
        )
        DatasetCatalog.register(name, partial(DatasetCatalog.get, dataset))
    own_opts = ["DATASETS.TEST", f'("{name}",)', "OUTPUT_DIR", str(output_dir)]
    own_opts += ["MODEL.TEXT.VOCABULARY", str(output_dir / "words.txt")]
    return load_config(config_file, [*opts, *own_opts])


def _write_words(folder: Path, vocabulary: Vocabulary) -> None:
    lines = [", ".join(words) for words in vocabulary.classes]
    if vocabulary.background:
        lines.insert(0, f"background: {', '.join(vocabulary.background)}")
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "words.txt", "\n".join([*lines, ""]).encode())


def choose_distractors(
    vocabulary: Vocabulary,
    number: int,
    *,
    kind: str,
    seed: int = 0,
    class_names: Sequence[str] = (),
) -> list[str]:
    """
    Choose words that are not annotated.

    Near ones are dealt to the classes in turn, so that `num_classes` of them are one a class. A
    larger number extends the list that a smaller one gives. A word of the vocabulary is never
    chosen, and a far word shares no part with one.

    Args:
        vocabulary: the words that are widened.
        kind: "near", "far", or "mixed", which takes both in turn.
        seed: of the choice among the words of a list and of their order.
        class_names: further names of the foreground classes, by which near words are found.

    Raises:
        ValueError: an unknown kind, or more words than there are.
    """
    if kind not in KINDS:
        raise ValueError(f'The kind of distractors is "{kind}"; use {", ".join(KINDS)}.')
    rng = random.Random(seed)
    near, far = _near(vocabulary, class_names, rng), _far(vocabulary, rng)
    in_turn = (word for pair in zip(near, far, strict=False) for word in pair)
    words = {"near": near, "far": far, "mixed": in_turn}[kind]
    taken = {word_key(word) for word in (*vocabulary.words, *class_names)}
    found: dict[str, str] = {}
    for word in words:
        if word_key(word) not in taken:
            found.setdefault(word_key(word), word)
    if number > len(found):
        raise ValueError(
            f"{number} {kind} distractors for {vocabulary.num_classes} classes are asked for, "
            f"there are {len(found)}; use a smaller width."
        )
    return list(found.values())[:number]


def classes_without_near_words(
    vocabulary: Vocabulary, class_names: Sequence[str] = ()
) -> tuple[str, ...]:
    """Classes that `near.txt` does not list; their near distractors are qualified names."""
    rows = _names_of_classes(vocabulary, class_names)
    return tuple(names[0] for names in rows if not _listed(names))


def widen(vocabulary: Vocabulary, distractors: Sequence[str]) -> Vocabulary:
    """The vocabulary with the distractors as further classes at the end."""
    classes = (*vocabulary.classes, *((word,) for word in distractors))
    return Vocabulary(f"{vocabulary.name}+{len(distractors)}", classes, vocabulary.background)


def _near(vocabulary: Vocabulary, class_names: Sequence[str], rng: random.Random) -> list[str]:
    """First one listed word of each class, then the second ones, ...; then qualified names."""
    columns = []
    for names in _names_of_classes(vocabulary, class_names):
        listed, qualifiers = list(_listed(names)), list(_NEAR_QUALIFIERS)
        rng.shuffle(listed)
        rng.shuffle(qualifiers)
        columns.append([*listed, *(f"{qualifier} {names[0]}" for qualifier in qualifiers)])
    found: list[str] = []
    for level in range(max(map(len, columns))):
        row = [column[level] for column in columns if level < len(column)]
        rng.shuffle(row)
        found += row
    return found


def _far(vocabulary: Vocabulary, rng: random.Random) -> list[str]:
    """All far words, then all with the first qualifier, ..."""
    parts = {part for word in vocabulary.words for part in _parts(word)}
    words = [word for word in _far_words() if not parts & _parts(word)]
    qualifiers = [q for q in _FAR_QUALIFIERS if q not in parts]
    rng.shuffle(qualifiers)
    found: list[str] = []
    for prefix in ("", *(f"{qualifier} " for qualifier in qualifiers)):
        rng.shuffle(words)
        found += [prefix + word for word in words]
    return found


def _names_of_classes(vocabulary: Vocabulary, class_names: Sequence[str]) -> list[tuple[str, ...]]:
    """The words of each class, and the parts of its further name."""
    further: Iterable[str] = class_names or [""] * vocabulary.num_classes
    return [
        (*words, *(part.strip() for part in name.split(",") if part.strip()))
        for words, name in zip(vocabulary.classes, further, strict=True)
    ]


def _listed(names: Sequence[str]) -> tuple[str, ...]:
    return next((_near_words()[key] for key in map(word_key, names) if key in _near_words()), ())


def _parts(word: str) -> set[str]:
    return set(word_key(word).replace("-", " ").split())


def _lines(name: str) -> list[str]:
    lines = (_FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@cache
def _near_words() -> dict[str, tuple[str, ...]]:
    """Name of a class -> its near words."""
    found: dict[str, tuple[str, ...]] = {}
    for line in _lines("near.txt"):
        names, _, words = line.partition(":")
        near = tuple(word.strip() for word in words.split(","))
        found |= {word_key(name): near for name in names.split(",")}
    return found


@cache
def _far_words() -> tuple[str, ...]:
    return tuple(word.strip() for line in _lines("far.txt") for word in line.split(","))
