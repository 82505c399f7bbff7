"""A benchmark with distractors as further classes."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ..d2 import CfgNode, DatasetCatalog, MetadataCatalog, comm
from ..data.own import register_folders
from ..modeling.text_head import has_background, vocabulary_from_config
from ..text import Vocabulary
from ..text.distractors import choose_distractors, widen
from ..utils.files import write_whole
from .config_loading import load_config


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
    register_folders(cfg.DATASETS.TEST)
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
