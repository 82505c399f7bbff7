"""What purification did to the words of one image, as chips."""

from collections.abc import Mapping, Sequence

from ...modeling.purification.summary import GroupSummary, Purification, WordSummary
from .markup import Markup, element, folded, isolated

_WORDS_SHOWN, _GROUPS_SHOWN = 16, 4


def purification_notes(
    purification: Purification, true: Mapping[str, tuple[int, int, int]], whole: bool = True
) -> Markup:
    """
    Words removed, words that some windows kept, words kept, and ambiguity groups.

    Args:
        purification: of one image.
        true: words that are known to be in the image, and their colours.
        whole: fold what is beyond the first of a list; else only count it.
    """
    windows = "in so many of all windows"
    lists = [
        _words("Removed as redundant", "in every window", purification.removed, true, whole),
        _words("Kept", "in every window", purification.kept, true, whole),
        _words("Kept here and there", windows, purification.contested, true, whole),
        _groups(purification.groups, whole),
    ]
    return element("div", *lists, class_="purification")


def swatch(color: tuple[int, int, int]) -> Markup:
    """A small square of that colour."""
    return element("i", style="background:rgb({},{},{})".format(*color))


def _words(
    title: str,
    hint: str,
    words: Sequence[WordSummary],
    true: Mapping[str, tuple[int, int, int]],
    whole: bool,
) -> Markup:
    if not words:
        return Markup()
    chips = [_chip(word, true.get(word.word)) for word in words]
    shown, more = element("ul", *chips[:_WORDS_SHOWN]), _rest(chips[_WORDS_SHOWN:], whole)
    return element("section", _heading(title, len(words), hint), shown, more)


def _chip(word: WordSummary, color: tuple[int, int, int] | None) -> Markup:
    removed, num_kept = word.num_removed == word.num_windows, word.num_windows - word.num_removed
    counts = f"{num_kept}/{word.num_windows}" if not removed and word.num_removed else ""
    name = element("s" if removed else "span", isolated(word.word))
    explained = (
        f"removed in {word.num_removed} of {word.num_windows} windows; "
        f"score s at most {word.highest:.3f}, mean {word.mean:.3f}"
    )
    parts = [*([swatch(color)] if color else []), name, element("small", f"{word.highest:.3f}")]
    if counts:
        parts.append(element("small", counts, class_="count"))
    return element("li", *parts, class_="chip" + " gone" * removed, title=explained)


def _rest(items: Sequence[Markup], whole: bool, kind: str = "") -> Markup:
    """What is beyond the first of a list."""
    if not items:
        return Markup()
    text = f"{len(items)} more"
    if not whole:
        return element("p", text, class_="note")
    return folded(text, element("ul", *items, class_=kind))


def _groups(groups: Sequence[GroupSummary], whole: bool) -> Markup:
    if not groups:
        return Markup()
    items = [_group(group) for group in groups]
    shown = element("ul", *items[:_GROUPS_SHOWN], class_="groups")
    more = _rest(items[_GROUPS_SHOWN:], whole, "groups")
    heading = _heading("Ambiguity groups", len(groups), "filled: won so many regions")
    return element("section", heading, shown, more, class_="wide")


def _group(group: GroupSummary) -> Markup:
    members = [
        element(
            "span",
            isolated(member),
            *([element("small", f"\N{MULTIPLICATION SIGN}{wins}")] if wins else []),
            class_="chip" + " won" * bool(wins),
        )
        for member in group.members
        for wins in [group.wins.get(member, 0)]
    ]
    windows = f"{group.num_windows} window" + "s" * (group.num_windows != 1)
    return element("li", *members, element("small", windows, class_="count"))


def _heading(title: str, count: int, hint: str) -> Markup:
    return element("h4", title, " ", element("small", f"{count}, {hint}"))
