"""Lists of words: colours and values, and what purification did to the words of one image."""

from collections.abc import Mapping, Sequence

from ...modeling.purification.diagnosis import GroupSummary, Purification, WordSummary
from ..overlay import RGB
from .markup import Markup, element, folded, isolated, join

HOW_TO_READ = (
    "The number on a word is its highest redundancy score s of Eq. (5) over the windows of the "
    "image; a window removes the words below the threshold."
)
_WORDS_SHOWN, _GROUPS_SHOWN = 16, 4


def swatch(color: RGB | None) -> Markup:
    """A small square of that colour, or nothing."""
    return element("i", style="background:rgb({},{},{})".format(*color)) if color else Markup()


def word_list(rows: Sequence[tuple[RGB | None, str, str]], most: int) -> Markup:
    """A list of (colour or None, name, value or ""); entries after the first `most` are folded."""
    items = []
    for color, name, value in rows:
        after = [" ", element("small", value)] if value else []
        items.append(element("li", swatch(color), isolated(name), *after))
    return _list(items, most)


def purification_notes(
    purification: Purification, colors: Mapping[str, RGB], whole: bool = True, level: int = 4
) -> Markup:
    """
    Words removed, words that only some windows kept, words kept, and ambiguity groups.

    Args:
        colors: of the words that are marked with their colour.
        whole: fold long lists; else cut them and give the number of words left out.
        level: of the headings.
    """
    sections = []

    def add(title: str, hint: str, items: Sequence[Markup], most: int, kind: str = "") -> None:
        if items:
            head = element(f"h{level}", title, " ", element("small", f"{len(items)}, {hint}"))
            sections.append(element("section", head, _list(items, most, whole, kind)))

    for title, hint, words in (
        ("Removed as redundant", "in every window", purification.removed),
        ("Kept", "in every window", purification.kept),
        ("Kept in some windows", "with the number of windows", purification.contested),
    ):
        add(title, hint, [_chip(word, colors.get(word.word)) for word in words], _WORDS_SHOWN)
    groups = [_group(group) for group in purification.groups]
    add("Ambiguity groups", "filled: winners and their regions", groups, _GROUPS_SHOWN, "groups")
    return element("div", *sections, class_="purification")


def _list(items: Sequence[Markup], most: int, whole: bool = True, kind: str = "") -> Markup:
    """A list whose items after the first `most` are folded, or only counted."""
    shown = element("ul", *items[:most], class_=kind)
    if len(items) <= most:
        return shown
    text = f"{len(items) - most} more"
    if not whole:
        return join([shown, element("p", text, class_="note")])
    return join([shown, folded(text, element("ul", *items[most:], class_=kind))])


def _chip(word: WordSummary, color: RGB | None) -> Markup:
    num_kept = word.num_windows - word.num_removed
    counts = Markup()
    if 0 < num_kept < word.num_windows:
        counts = element("small", f"{num_kept}/{word.num_windows}", class_="count")
    explained = (
        f"removed in {word.num_removed} of {word.num_windows} windows; "
        f"score s at most {word.highest:.3f}, mean {word.mean:.3f}"
    )
    return element(
        "li",
        swatch(color),
        element("span" if num_kept else "s", isolated(word.word)),
        element("small", f"{word.highest:.3f}"),
        counts,
        class_="chip" if num_kept else "chip gone",
        title=explained,
    )


def _group(group: GroupSummary) -> Markup:
    members = []
    for member in group.members:
        wins = group.wins.get(member, 0)
        times = element("small", f"\N{MULTIPLICATION SIGN}{wins}") if wins else Markup()
        won = " won" * bool(wins)
        members.append(element("span", isolated(member), times, class_=f"chip{won}"))
    windows = f"{group.num_windows} window" + "s" * (group.num_windows != 1)
    return element("li", *members, element("small", windows, class_="count"))
