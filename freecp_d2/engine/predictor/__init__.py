"""Pictures and words in, labels and reasons out: the method without a dataset."""

from .images import as_picture, read_picture
from .prediction import Prediction
from .predictor import Predictor
from .twins import twin

__all__ = ["Prediction", "Predictor", "as_picture", "read_picture", "twin"]
