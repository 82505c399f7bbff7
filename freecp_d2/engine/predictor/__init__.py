"""Segmentation of images with words, without a dataset."""

from ...data.images.reading import as_image, read_image
from .building import with_heads
from .prediction import Prediction
from .predictor import Predictor

__all__ = ["Prediction", "Predictor", "as_image", "read_image", "with_heads"]
