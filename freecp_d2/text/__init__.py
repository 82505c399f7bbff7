"""From words to features: vocabularies, templates, descriptions, text encoder, classifier."""

from .cache import FeatureCache, default_cache_dir, features_key
from .classifier import TextClassifier
from .descriptions import (
    SIMPLE,
    TEMPLATE_SETS,
    Descriptions,
    fill_templates,
    get_templates,
    load_descriptions,
    shipped_descriptions,
)
from .text_encoder import TextEncoder
from .tokenizer import CLIPTokenizer
from .vocabulary import Vocabulary, load_vocabulary, shipped_vocabularies

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
