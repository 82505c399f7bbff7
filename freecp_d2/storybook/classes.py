"""The words of the picture book, read from the YAML files beside this one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class StorybookClass:
    """
    Attributes:
        name: the word.
        is_thing: has an outline of its own; otherwise stuff.
        scored: in the benchmark; the others are in training scenes only.
        synonyms: words that captions use for it now and then, `kinds` among them.
        kinds: wider words ("animal") that several classes share.
        looks: what is visible of it, five phrases.
    """

    name: str
    is_thing: bool
    scored: bool
    synonyms: tuple[str, ...]
    kinds: tuple[str, ...]
    looks: tuple[str, ...]


def _read(name: str) -> Any:
    with open(Path(__file__).with_name(name), encoding="utf-8") as file:
        return yaml.safe_load(file)


def _classes() -> tuple[StorybookClass, ...]:
    return tuple(
        StorybookClass(
            row["name"],
            row["is"] == "thing",
            row["scored"],
            tuple(row.get("synonyms", ())),
            tuple(row.get("kinds", ())),
            tuple(row["looks"]),
        )
        for row in _read("classes.yaml")
    )


CLASSES = _classes()
"""All classes; the scored ones first, in the order of their labels."""

SCORED = tuple(c for c in CLASSES if c.scored)
"""The classes of the benchmark."""

CLASS_INDEX = {c.name: i for i, c in enumerate(CLASSES)}
"""Name -> label."""

WIDER_WORDS: dict[str, tuple[str, ...]] = {
    name: tuple(looks) for name, looks in _read("wider_words.yaml").items()
}
"""Words that captions use for several classes or for what lies near, and what is visible of it."""
