"""Render a whole page as one HTML file."""

from pathlib import Path

from ...utils.files import write_whole
from .gallery import gallery_section
from .markup import Markup, element
from .numbers import bar_chart, results_tables
from .records import Page, Results

_STYLES = tuple(
    Path(__file__).parent / "style" / f"{name}.css"
    for name in ("base", "numbers", "images", "album")
)


def write_page(path: str | Path, page: Page) -> Path:
    """Write the page atomically, as UTF-8; its folder is created. Returns the path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, render_page(page).encode("utf-8"))
    return path


def render_page(page: Page) -> str:
    """HTML that contains its style and images; all text of `page` is escaped."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", attributes={"name": "color-scheme"}, content="light dark"),
        element("link", rel="icon", href="data:,"),
        element("title", page.title),
        element("style", *(Markup(style.read_text(encoding="utf-8")) for style in _STYLES)),
    )
    notes = []
    for i, note in enumerate(page.notes):
        heading = element("h2", note.title, id=f"note-{i}")
        paragraphs = [element("p", text) for text in note.paragraphs]
        notes.append(element("section", heading, *paragraphs, class_="prose"))
    sections = [_section(part.name, part.title, part.content) for part in page.sections]
    numbers = Markup() if page.results is None else _numbers(page.results)
    main = element("main", numbers, *sections, _gallery(page), *notes)
    kicker = element("p", page.kicker, class_="kicker") if page.kicker else Markup()
    lead = [element("p", text, class_="lead") for text in page.lead]
    header = element("header", kicker, element("h1", page.title), *lead, _contents(page))
    facts = [element("div", element("dt", name), element("dd", text)) for name, text in page.facts]
    footer = element("footer", element("dl", *facts)) if facts else Markup()
    body = element("body", header, main, footer)
    return "<!DOCTYPE html>\n" + element("html", head, "\n", body, lang="en") + "\n"


def _contents(page: Page) -> Markup:
    links = [("numbers", "The numbers")] if page.results else []
    links += [(part.name, part.title) for part in page.sections]
    links += [("images", "The images")] if page.gallery.images else []
    links += [(f"note-{i}", note.title) for i, note in enumerate(page.notes)]
    items = [element("a", title, href=f"#{name}") for name, title in links]
    return element("nav", *items, attributes={"aria-label": "On this page"}) if items else Markup()


def _numbers(results: Results) -> Markup:
    legend = element(
        "p",
        "mIoU in percent. The dashed line is the base method alone; an outlined bar knows "
        "the words of the image, which no user does.",
        class_="note",
    )
    parts = [legend, bar_chart(results), results_tables(results)]
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


def _section(name: str, title: str, *children: str) -> Markup:
    heading = element("h2", title, id=name)
    return element("section", heading, *children, attributes={"aria-labelledby": name})
