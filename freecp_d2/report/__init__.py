"""Results and pictures as one page that opens anywhere: no network, no scripts, no other file."""

from .page import render_page, write_page
from .records import Column, Gallery, LabelMap, Note, Page, Picture, Results, Row, Scores
from .storybook import storybook_page
from .summary import GroupSummary, Purification, WordSummary, summarise_diagnoses

__all__ = [
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
    "WordSummary",
    "render_page",
    "storybook_page",
    "summarise_diagnoses",
    "write_page",
]
