"""Render a whole page as one HTML file."""

from pathlib import Path

from .gallery import render_gallery
from .markup import Markup, element, join
from .numbers import bar_chart, results_table
from .page_content import Page, Results, Section
from .word_chips import HOW_TO_READ

_STYLES = tuple(
    Path(__file__).parent / "style" / f"{name}.css"
    for name in ("base", "numbers", "images", "album")
)


def render_page(page: Page) -> str:
    """HTML that contains its style and images; all text of `page` is escaped."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("link", rel="icon", href="data:,"),
        element("title", page.title),
        element("style", *(Markup(style.read_text(encoding="utf-8")) for style in _STYLES)),
    )
    sections = [*page.sections]
    if page.results is not None:
        sections.insert(0, Section("numbers", "The numbers", _numbers(page.results)))
    if page.gallery is not None:
        text = f"{HOW_TO_READ} A word with its colour is in the image."
        how_to_read = element("p", text, class_="note")
        images = join([how_to_read, render_gallery(page.gallery)])
        sections.append(Section("images", "The images", images))
    bodies = [_section(part.name, part.title, part.content) for part in sections]
    links = [element("a", part.title, href=f"#{part.name}") for part in sections]
    for i, note in enumerate(page.notes):
        paragraphs = [element("p", text) for text in note.paragraphs]
        bodies.append(_section(f"note-{i}", note.title, *paragraphs, class_="prose"))
        links.append(element("a", note.title, href=f"#note-{i}"))
    header = element(
        "header",
        element("p", page.kicker, class_="kicker"),
        element("h1", page.title),
        *(element("p", text, class_="lead") for text in page.lead),
        element("nav", *links, aria_label="On this page"),
    )
    facts = [element("div", element("dt", name), element("dd", text)) for name, text in page.facts]
    footer = element("footer", element("dl", *facts)) if facts else Markup()
    body = element("body", header, element("main", *bodies), footer)
    return "<!DOCTYPE html>\n" + element("html", head, "\n", body, lang="en") + "\n"


def _numbers(results: Results) -> Markup:
    legend = element(
        "p",
        "mIoU in percent. The dashed line is the base method alone; an outlined bar knows "
        "the words of the image, which no user does.",
        class_="note",
    )
    return join([legend, bar_chart(results), results_table(results)])


def _section(name: str, title: str, *content: str, class_: str = "") -> Markup:
    heading = element("h2", title, id=name)
    return element("section", heading, *content, aria_labelledby=name, class_=class_)
