"""Segmentation of images with words, without a dataset."""

from ...data.images.reading import as_image, read_image
from .prediction import Prediction
from .predictor import Predictor, with_heads

__all__ = ["Prediction", "Predictor", "as_image", "read_image", "with_heads"]
