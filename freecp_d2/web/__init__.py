"""The web page: pictures and words in a browser. Needs Gradio: pip install -e ".[web]"."""

from .labelling import Comparison, Labeller, Thresholds
from .serving import serve

__all__ = ["Comparison", "Labeller", "Thresholds", "serve"]
