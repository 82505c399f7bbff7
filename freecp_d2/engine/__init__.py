"""Configuration, processes, evaluation and records of a run."""

from .checks import CheckedRun, build_checked, check_run
from .config_loading import load_config
from .evaluate import (
    build_model_in_turn,
    check_resume,
    evaluate,
    load_weights,
    select_records,
)
from .launch import check_dist_url, check_num_processes, launch_processes
from .plugins import add_import_argument, import_plugins
from .resuming import sole_run
from .run_record import config_digest, skipped_images

__all__ = [
    "CheckedRun", "add_import_argument", "build_checked", "build_model_in_turn", "check_dist_url",
    "check_num_processes", "check_resume", "check_run", "config_digest", "evaluate",
    "import_plugins", "launch_processes", "load_config", "load_weights", "select_records",
    "skipped_images", "sole_run",
]  # fmt: skip
