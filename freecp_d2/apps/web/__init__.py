"""
The web page: images and words in a browser.

`serving` puts it on a port and needs Gradio (pip install -e ".[web]"), as do `page` and
`appearance`; the rest, models and HTML, does not.
"""

from .labelling import Comparison, Labeller, Thresholds

__all__ = ["Comparison", "Labeller", "Thresholds"]
