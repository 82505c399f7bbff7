"""Lists of words: colours and values, and what purification did to the words of one image."""

from collections.abc import Mapping, Sequence

from ...modeling.purification.diagnosis import GroupSummary, Purification, WordSummary
from .markup import Markup, element, folded, isolated, join

RGB = tuple[int, int, int]

_WORDS_SHOWN, _GROUPS_SHOWN = 16, 4


def swatch(color: RGB | None) -> Markup:
    """A small square of that colour, or nothing."""
    return element("i", style="background:rgb({},{},{})".format(*color)) if color else Markup()


def word_list(rows: Sequence[tuple[RGB | None, str, str]], most: int) -> Markup:
    """A list of (colour or None, name, value or ""); entries after the first `most` are folded."""
    items = [
        element(
            "li",
            swatch(color),
            isolated(name),
            *((" ", element("small", value)) if value else ()),
        )
        for color, name, value in rows
    ]
    return _list(items, most)


def purification_notes(
    purification: Purification, colors: Mapping[str, RGB], whole: bool = True
) -> Markup:
    """
    Words removed, words that only some windows kept, words kept, and ambiguity groups.

    Args:
        colors: of the words that are marked with their colour.
        whole: fold long lists; else cut them and give the number of words left out.
    """
    every, some = "in every window", "with the number of windows"
    lists = [
        _words("Removed as redundant", every, purification.removed, colors, whole),
        _words("Kept", every, purification.kept, colors, whole),
        _words("Kept in some windows", some, purification.contested, colors, whole),
        _groups(purification.groups, whole),
    ]
    return element("div", *lists, class_="purification")


def _list(items: Sequence[Markup], most: int, whole: bool = True, kind: str = "") -> Markup:
    """A list whose items after the first `most` are folded, or only counted."""
    shown = element("ul", *items[:most], class_=kind)
    if len(items) <= most:
        return shown
    text = f"{len(items) - most} more"
    if not whole:
        return join([shown, element("p", text, class_="note")])
    return join([shown, folded(text, element("ul", *items[most:], class_=kind))])


def _words(
    title: str, hint: str, words: Sequence[WordSummary], colors: Mapping[str, RGB], whole: bool
) -> Markup:
    if not words:
        return Markup()
    chips = [_chip(word, colors.get(word.word)) for word in words]
    listed = _list(chips, _WORDS_SHOWN, whole)
    return element("section", _heading(title, len(words), hint), listed)


def _chip(word: WordSummary, color: RGB | None) -> Markup:
    removed, num_kept = word.num_removed == word.num_windows, word.num_windows - word.num_removed
    counts = f"{num_kept}/{word.num_windows}" if not removed and word.num_removed else ""
    explained = (
        f"removed in {word.num_removed} of {word.num_windows} windows; "
        f"score s at most {word.highest:.3f}, mean {word.mean:.3f}"
    )
    return element(
        "li",
        swatch(color),
        element("s" if removed else "span", isolated(word.word)),
        element("small", f"{word.highest:.3f}"),
        element("small", counts, class_="count") if counts else Markup(),
        class_="chip" + " gone" * removed,
        title=explained,
    )


def _groups(groups: Sequence[GroupSummary], whole: bool) -> Markup:
    if not groups:
        return Markup()
    listed = _list([_group(group) for group in groups], _GROUPS_SHOWN, whole, "groups")
    heading = _heading("Ambiguity groups", len(groups), "filled: winners and their regions")
    return element("section", heading, listed, class_="wide")


def _group(group: GroupSummary) -> Markup:
    members = [
        element(
            "span",
            isolated(member),
            element("small", f"\N{MULTIPLICATION SIGN}{wins}") if wins else Markup(),
            class_="chip" + " won" * bool(wins),
        )
        for member in group.members
        for wins in [group.wins.get(member, 0)]
    ]
    windows = f"{group.num_windows} window" + "s" * (group.num_windows != 1)
    return element("li", *members, element("small", windows, class_="count"))


def _heading(title: str, count: int, hint: str) -> Markup:
    return element("h4", title, " ", element("small", f"{count}, {hint}"))
