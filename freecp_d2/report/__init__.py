"""Results and pictures as one page that opens anywhere: no network, no scripts, no other file."""

from .album import AlbumEntry, Shown, album, album_entry, album_overview
from .page import render_page, write_page
from .records import Column, Gallery, LabelMap, Note, Page, Picture, Results, Row, Scores, Section
from .storybook import storybook_page
from .summary import GroupSummary, Purification, WordSummary, summarise_diagnoses

__all__ = [
    "AlbumEntry",
    "Column",
    "Gallery",
    "GroupSummary",
    "LabelMap",
    "Note",
    "Page",
    "Picture",
    "Purification",
    "Results",
    "Row",
    "Scores",
    "Section",
    "Shown",
    "WordSummary",
    "album",
    "album_entry",
    "album_overview",
    "render_page",
    "storybook_page",
    "summarise_diagnoses",
    "write_page",
]
