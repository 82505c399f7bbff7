"""Words to features: vocabularies, templates, descriptions, the text encoder and its classifier."""

from .cache import FeatureCache, default_cache_dir, features_key
from .classifier import TextClassifier
from .descriptions import Descriptions
from .templates import SIMPLE, TEMPLATE_SETS, fill_templates, get_templates
from .text_encoder import TextEncoder
from .vocabularies import load_vocabulary, shipped_vocabularies
from .vocabulary import Vocabulary

__all__ = [
    "SIMPLE",
    "TEMPLATE_SETS",
    "Descriptions",
    "FeatureCache",
    "TextClassifier",
    "TextEncoder",
    "Vocabulary",
    "default_cache_dir",
    "features_key",
    "fill_templates",
    "get_templates",
    "load_vocabulary",
    "shipped_vocabularies",
]
