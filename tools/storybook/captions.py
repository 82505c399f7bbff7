"""Captions of crops: the classes in them, in many wordings."""

import re
from collections.abc import Iterator, Sequence

from freecp_d2.data.storybook.classes import CLASSES, StorybookClass
from freecp_d2.data.storybook.noise import Rng
from freecp_d2.text import get_templates

ALONE = get_templates("imagenet")
TOGETHER = (
    "a photo of {}.",
    "a picture of {}.",
    "{}",
    "a scene with {}.",
    "an image showing {}.",
    "there is {} in the scene.",
    "{} in one picture.",
    "a view of {}.",
    "a painting of {}.",
    "a page of a picture book with {}.",
)
DESCRIBED = (
    "a photo of a {name}, {look}.",
    "{name}: {look}.",
    "{name}, {look}",
    "{look}, a {name}.",
    "a picture of the {name}, {look}.",
)
BETWEEN = (" next to ", " in front of ", " with ", " near ", " and ")


def caption(chance: Rng, classes: Sequence[StorybookClass]) -> str:
    """
    A caption of a crop.

    Args:
        chance: the random source.
        classes: the classes in the crop, largest first, at least one.
    """
    if len(classes) == 1:
        if chance.maybe(0.35):
            return describe(chance, classes[0])
        template, name = chance.pick(ALONE), word(chance, classes[0])
        return _agreeing(template, name).format(name)
    mentioned = list(classes)
    if len(mentioned) > 2 and chance.maybe(0.1):  # real captions are incomplete, too
        del mentioned[chance.integer(1, len(mentioned) - 1)]
    if chance.maybe(0.5):
        mentioned = chance.shuffled(mentioned)
    phrases = [_with_article(chance, c) for c in mentioned]
    if chance.maybe(0.15):
        i = chance.integer(0, len(phrases) - 1)
        phrases[i] += f" ({chance.pick(mentioned[i].looks)})"
    if len(phrases) == 2:
        return chance.pick(TOGETHER).format(chance.pick(BETWEEN).join(phrases))
    return chance.pick(TOGETHER).format(f"{', '.join(phrases[:-1])} and {phrases[-1]}")


def describe(chance: Rng, c: StorybookClass) -> str:
    """One class and a visible property of it."""
    template, name = chance.pick(DESCRIBED), word(chance, c)
    return _agreeing(template, name).format(name=name, look=chance.pick(c.looks))


def word(chance: Rng, c: StorybookClass) -> str:
    """The name of the class, or sometimes a synonym or a wider word."""
    draw = chance.uniform()
    if draw < 0.12 and c.synonyms:
        return chance.pick(c.synonyms)
    if draw > 0.93 and c.kinds:
        return chance.pick(c.kinds)
    return c.name


def _with_article(chance: Rng, c: StorybookClass) -> str:
    name = word(chance, c)
    if not c.is_thing and chance.maybe(0.8):
        return name
    if chance.maybe(0.3):
        return f"the {name}"
    return f"{_article(name)} {name}"


def _agreeing(template: str, name: str) -> str:
    """The template with "an" before its name where the name asks for it."""
    return re.sub(r"\ba (?={)", f"{_article(name)} ", template)


def _article(name: str) -> str:
    return "an" if name[0] in "aeiou" else "a"


def every_text() -> Iterator[str]:
    """All wordings and words of captions."""
    for c in CLASSES:
        yield from (c.name, *c.synonyms, *c.kinds, *c.looks)
    yield from (*ALONE, *TOGETHER, *DESCRIBED, *BETWEEN)
