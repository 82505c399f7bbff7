"""The classes of Storybook, read from `classes.yaml` beside this file."""

from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True)
class StorybookClass:
    """A class, by its word."""

    name: str
    is_thing: bool  # otherwise stuff
    scored: bool  # belongs to the benchmark; the others are in training scenes only
    synonyms: tuple[str, ...]  # words that captions use for it now and then
    kinds: tuple[str, ...]  # wider words ("animal") that several classes share
    looks: tuple[str, ...]  # what is visible of it, five phrases


def _read() -> tuple[StorybookClass, ...]:
    with open(Path(__file__).with_name("classes.yaml"), encoding="utf-8") as file:
        rows = yaml.safe_load(file)
    return tuple(
        StorybookClass(
            row["name"],
            row["is"] == "thing",
            row["scored"],
            tuple(row.get("synonyms", ())),
            tuple(row.get("kinds", ())),
            tuple(row["looks"]),
        )
        for row in rows
    )


CLASSES = _read()
"""All classes; the scored ones first, in the order of their labels."""

SCORED = tuple(c for c in CLASSES if c.scored)
"""The classes of the benchmark."""

CLASS_INDEX = {c.name: i for i, c in enumerate(CLASSES)}
"""Name -> label."""


def _neighbours() -> dict[str, tuple[str, ...]]:
    wider: dict[str, list[list[str]]] = {}
    for c in CLASSES:
        for kind in c.kinds:
            wider.setdefault(kind, []).append(list(c.looks))
    words = {
        kind: tuple(look for looks in zip(*members, strict=True) for look in looks)[:5]
        for kind, members in wider.items()
        if len(members) > 1
    }
    return words | {word: c.looks for c in CLASSES if not c.scored for word in c.synonyms}


NEIGHBOURS = _neighbours()
"""
Words near the classes, with their looks: wider ones that several classes share ("animal"), and
synonyms of the classes that are not scored ("pond"). Synonyms of scored classes are left out:
no image can distinguish the two.
"""
