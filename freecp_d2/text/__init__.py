"""
From words to features: vocabularies, templates, descriptions, text encoder, classifier.

It imports nothing that needs torch, for `freecp words`: see `classifier`.
"""

from .descriptions import (
    SIMPLE,
    TEMPLATE_SETS,
    Descriptions,
    fill_templates,
    get_templates,
    load_descriptions,
    shipped_descriptions,
)
from .tokenizer import CLIPTokenizer
from .vocabulary import Vocabulary, load_vocabulary, shipped_vocabularies

__all__ = [
    "SIMPLE", "TEMPLATE_SETS", "CLIPTokenizer", "Descriptions", "Vocabulary", "fill_templates",
    "get_templates", "load_descriptions", "load_vocabulary", "shipped_descriptions",
    "shipped_vocabularies",
]  # fmt: skip
