"""
Counterpart of `detectron2/engine/__init__.py`. Leaves out: trainers, hooks and writers.
"""

from .defaults import DefaultPredictor, default_argument_parser, default_setup
from .launch import DEFAULT_TIMEOUT, launch
