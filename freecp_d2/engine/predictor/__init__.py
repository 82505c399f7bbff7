"""Images and words in, labels and reasons out: the method without a dataset."""

from ...data.images import as_image, read_image
from .heads import with_heads
from .prediction import Prediction
from .predictor import Predictor

__all__ = ["Prediction", "Predictor", "as_image", "read_image", "with_heads"]
