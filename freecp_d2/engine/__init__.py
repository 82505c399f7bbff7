"""What `train_net.py` is made of: configuration, processes, evaluation."""

from .checks import check_run
from .configuration import load_config
from .evaluate import build_model_in_turn, evaluate
from .processes import check_num_processes, launch_processes

__all__ = [
    "build_model_in_turn",
    "check_num_processes",
    "check_run",
    "evaluate",
    "launch_processes",
    "load_config",
]
