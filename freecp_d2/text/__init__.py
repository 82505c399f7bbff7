"""
From words to features: vocabularies, templates, descriptions, text encoder, classifier.

Names that need torch are imported when they are used, for `freecp words`.
"""

from typing import TYPE_CHECKING

from ..utils.lazy import lazy_names
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

if TYPE_CHECKING:
    from .cache import FeatureCache, default_cache_dir, features_key
    from .classifier import TextClassifier
    from .text_encoder import TextEncoder

__all__ = [
    "SIMPLE",
    "TEMPLATE_SETS",
    "CLIPTokenizer",
    "Descriptions",
    "FeatureCache",
    "TextClassifier",
    "TextEncoder",
    "Vocabulary",
    "default_cache_dir",
    "features_key",
    "fill_templates",
    "get_templates",
    "load_descriptions",
    "load_vocabulary",
    "shipped_descriptions",
    "shipped_vocabularies",
]

__getattr__ = lazy_names(
    __name__,
    {
        ".cache": ["FeatureCache", "default_cache_dir", "features_key"],
        ".classifier": ["TextClassifier"],
        ".text_encoder": ["TextEncoder"],
    },
)
