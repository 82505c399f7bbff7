"""Build HTML and SVG by nested calls. Text that is not `Markup` is escaped."""

import html
from collections.abc import Iterable

_VOID = frozenset({"br", "col", "img", "line", "link", "meta", "rect"})


class Markup(str):
    """HTML, which is not escaped again."""

    __slots__ = ()


def element(tag: str, *children: str, **attributes: str | int | float) -> Markup:
    """
    An element; children that are not `Markup` and values of attributes are escaped.

    `class_` is "class", `aria_label` "aria-label". Empty attributes are left out, except an empty
    `alt`, which marks a decorative image. ValueError for children of a void element, such as `img`.
    """
    start = tag
    for name, value in attributes.items():
        if value != "" or name == "alt":
            start += f' {name.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
    if tag in _VOID:
        if children:
            raise ValueError(f"<{tag}> got {len(children)} children and has none; leave them out.")
        return Markup(f"<{start}/>")
    return Markup(f"<{start}>{join(children)}</{tag}>")


def join(parts: Iterable[str], separator: str = "") -> Markup:
    """Concatenate; text that is not `Markup` is escaped."""
    return Markup(separator.join(p if isinstance(p, Markup) else html.escape(p) for p in parts))


def isolated(name: str) -> Markup:
    """A name with its own writing direction, so that an Arabic one does not move numbers."""
    return element("bdi", name)


def folded(summary: str, *children: str) -> Markup:
    """Content behind a summary that the reader opens; empty without content."""
    if not any(children):
        return Markup()
    return element("details", element("summary", summary), *children)
