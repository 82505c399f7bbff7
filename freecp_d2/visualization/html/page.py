"""Render a whole page as one HTML file."""

from pathlib import Path

from .gallery import render_gallery
from .markup import Markup, element, join
from .numbers import bar_chart, results_tables
from .page_content import Note, Page, Results, Section

_STYLES = tuple(
    Path(__file__).parent / "style" / f"{name}.css"
    for name in ("base", "numbers", "images", "album")
)
_HOW_TO_READ = (
    "Below each image: its colours, and what purification did. The number on a word is its highest "
    "redundancy score s of Eq. (5) over the windows of the image; a window removes the words below "
    "the threshold. A word with its colour is in the image."
)


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
    sections = []
    if page.results is not None:
        sections.append(Section("numbers", "The numbers", _numbers(page.results)))
    sections += page.sections
    if page.gallery is not None:
        note = element("p", _HOW_TO_READ, class_="note")
        sections.append(Section("images", "The images", join([note, render_gallery(page.gallery)])))
    notes = [_note(i, note) for i, note in enumerate(page.notes)]
    main = element("main", *map(_section, sections), *notes)
    links = [(part.name, part.title) for part in sections]
    links += [(f"note-{i}", note.title) for i, note in enumerate(page.notes)]
    header = element(
        "header",
        element("p", page.kicker, class_="kicker"),
        element("h1", page.title),
        *(element("p", text, class_="lead") for text in page.lead),
        element(
            "nav",
            *(element("a", title, href=f"#{name}") for name, title in links),
            attributes={"aria-label": "On this page"},
        ),
    )
    facts = [element("div", element("dt", name), element("dd", text)) for name, text in page.facts]
    footer = element("footer", element("dl", *facts)) if facts else Markup()
    body = element("body", header, main, footer)
    return "<!DOCTYPE html>\n" + element("html", head, "\n", body, lang="en") + "\n"


def _numbers(results: Results) -> Markup:
    legend = element(
        "p",
        "mIoU in percent. The dashed line is the base method alone; an outlined bar knows "
        "the words of the image, which no user does.",
        class_="note",
    )
    return join([legend, bar_chart(results), results_tables(results)])


def _section(section: Section) -> Markup:
    heading = element("h2", section.title, id=section.name)
    labelled = {"aria-labelledby": section.name}
    return element("section", heading, section.content, attributes=labelled)


def _note(index: int, note: Note) -> Markup:
    heading = element("h2", note.title, id=f"note-{index}")
    paragraphs = [element("p", text) for text in note.paragraphs]
    return element("section", heading, *paragraphs, class_="prose")
