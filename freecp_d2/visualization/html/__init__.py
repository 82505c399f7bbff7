"""Results and images as one HTML file without scripts, network access or other files."""

from .page import render_page
from .page_content import (
    Column,
    Gallery,
    LabelMap,
    Note,
    Page,
    PageImage,
    Results,
    Row,
    Scores,
    Section,
)

__all__ = [
    "Column",
    "Gallery",
    "LabelMap",
    "Note",
    "Page",
    "PageImage",
    "Results",
    "Row",
    "Scores",
    "Section",
    "render_page",
]
