"""Results and images as one HTML file without scripts, network access or other files."""

from .album import AlbumEntry, AlbumImage, album, album_entry, album_overview
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
    "AlbumEntry",
    "AlbumImage",
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
    "album",
    "album_entry",
    "album_overview",
    "render_page",
]
