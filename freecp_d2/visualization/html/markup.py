"""HTML and SVG from nested calls: text is escaped unless it was made here."""

import html
from collections.abc import Iterable

_VOID = frozenset({"br", "col", "img", "line", "link", "meta", "rect"})


class Markup(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


def element(
    tag: str, *children: str, attributes: dict[str, str] | None = None, **more: str | int | float
) -> Markup:
    """
    Args:
        tag: the element's name.
        children: `Markup` as it is, other text escaped.
        attributes: those whose names Python does not take ("aria-hidden", "viewBox").
        more: further attributes; a trailing underscore is dropped (`class_`). Values are escaped;
            empty ones are left out, except for `alt`, which says something when it is empty.

    Raises:
        ValueError: children of an element that has none, such as `img`.
    """
    named = (attributes or {}) | {name.rstrip("_"): str(value) for name, value in more.items()}
    start = tag + "".join(
        f' {name}="{html.escape(value)}"' for name, value in named.items() if value or name == "alt"
    )
    if tag in _VOID:
        if children:
            raise ValueError(f"<{tag}> got {len(children)} children and has none; leave them out.")
        return Markup(f"<{start}/>")
    return Markup(f"<{start}>{join(children)}</{tag}>")


def join(parts: Iterable[str], separator: str = "") -> Markup:
    """One after the other; text that is not `Markup` is escaped."""
    return Markup(separator.join(p if isinstance(p, Markup) else html.escape(p) for p in parts))


def isolated(name: str) -> Markup:
    """A name with its own direction of writing: in Arabic, it leaves numbers beside it alone."""
    return element("bdi", name)


def folded(summary: str, *children: str) -> Markup:
    """What shows when the reader asks for it; nothing where there is nothing."""
    if not any(children):
        return Markup()
    return element("details", element("summary", summary), *children)
