"""A whole page in one file: text, numbers, images; nothing is fetched and nothing runs."""

from pathlib import Path

from .chart import bar_chart
from .gallery import gallery_section
from .markup import Markup, element, join
from .records import Note, Page
from .table import results_tables

_STYLES = tuple(
    Path(__file__).parent / "style" / f"{name}.css"
    for name in ("base", "numbers", "images", "album")
)


def write_page(path: str | Path, page: Page) -> Path:
    """
    Write the page as UTF-8 and make the folders above it.

    Returns:
        Path: the file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_page(page), encoding="utf-8")
    return path


def render_page(page: Page) -> str:
    """HTML with its style and images inside; all text of `page` is escaped."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", attributes={"name": "color-scheme"}, content="light dark"),
        element("link", rel="icon", href="data:,"),
        element("title", page.title),
        element("style", *(Markup(style.read_text(encoding="utf-8")) for style in _STYLES)),
    )
    numbers = [] if page.results is None else [_numbers(page)]
    notes = [_note(i, note) for i, note in enumerate(page.notes)]
    sections = [_section(part.name, part.title, part.content) for part in page.sections]
    main = element("main", *numbers, *sections, _gallery(page), *notes)
    body = element("body", _header(page), main, _footer(page))
    return "<!DOCTYPE html>\n" + element("html", head, "\n", body, lang="en") + "\n"


def _header(page: Page) -> Markup:
    kicker = [element("p", page.kicker, class_="kicker")] if page.kicker else []
    lead = [element("p", text, class_="lead") for text in page.lead]
    return element("header", *kicker, element("h1", page.title), *lead, _contents(page))


def _contents(page: Page) -> Markup:
    links = [("numbers", "The numbers")] if page.results else []
    links += [(part.name, part.title) for part in page.sections]
    links += [("images", "The images")] if page.gallery.images else []
    links += [(f"note-{i}", note.title) for i, note in enumerate(page.notes)]
    items = [element("a", title, href=f"#{name}") for name, title in links]
    return element("nav", *items, attributes={"aria-label": "On this page"}) if items else Markup()


def _numbers(page: Page) -> Markup:
    assert page.results is not None, "called for pages with results"
    legend = element(
        "p",
        "mIoU in percent. The dashed line is the base method alone; an outlined bar knows "
        "the words of the image, which no user does.",
        class_="note",
    )
    parts = [legend, bar_chart(page.results), results_tables(page.results)]
    return _section("numbers", "The numbers", *parts)


def _gallery(page: Page) -> Markup:
    if not page.gallery.images:
        return Markup()
    reading = ""
    if any(image.purification for image in page.gallery.images):
        reading = (
            "Below each image: its colours, and what purification did. The number on a word is "
            "its highest redundancy score s of Eq. (5) over the windows of the image; a window "
            "removes the words below the threshold."
        )
        if any(image.truth is not None for image in page.gallery.images):
            reading += " A word with its colour is in the image."
    note = element("p", reading, class_="note") if reading else Markup()
    return _section("images", "The images", note, gallery_section(page.gallery))


def _note(index: int, note: Note) -> Markup:
    paragraphs = [element("p", text) for text in note.paragraphs]
    heading = element("h2", note.title, id=f"note-{index}")
    return element("section", heading, *paragraphs, class_="prose")


def _section(name: str, title: str, *children: str) -> Markup:
    heading = element("h2", title, id=name)
    return element("section", heading, *children, attributes={"aria-labelledby": name})


def _footer(page: Page) -> Markup:
    if not page.facts:
        return Markup()
    rows = [element("div", element("dt", name), element("dd", value)) for name, value in page.facts]
    return element("footer", element("dl", join(rows)))
