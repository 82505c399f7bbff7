"""Segmentation of images with words, without a dataset."""

from ...data.images.arrays import as_image
from ...data.images.reading import read_image
from .building import with_heads
from .prediction import Prediction
from .predictor import Predictor

__all__ = ["Prediction", "Predictor", "as_image", "read_image", "with_heads"]
