"""
From words to features: vocabularies, templates, descriptions, text encoder, classifier.

Names that need torch are imported when they are used, for `freecp words`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

_LAZY = {
    "FeatureCache": ".cache",
    "TextClassifier": ".classifier",
    "TextEncoder": ".text_encoder",
    "default_cache_dir": ".cache",
    "features_key": ".cache",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
