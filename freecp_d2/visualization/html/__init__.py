"""Results and images as one page that opens anywhere: no network, no scripts, no other file."""

from .album import AlbumEntry, Shown, album, album_entry, album_overview
from .page import render_page, write_page
from .records import Column, Gallery, LabelMap, Note, Page, PageImage, Results, Row, Scores, Section

__all__ = [
    "AlbumEntry",
    "Column",
    "Gallery",
    "Image",
    "LabelMap",
    "Note",
    "Page",
    "PageImage",
    "Results",
    "Row",
    "Scores",
    "Section",
    "Shown",
    "album",
    "album_entry",
    "album_overview",
    "render_page",
    "write_page",
]
