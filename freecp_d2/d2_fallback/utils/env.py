"""
Random seeds.

Counterpart of `detectron2/utils/env.py`. Leaves out: `setup_environment` (OpenCV switches,
DETECTRON2_ENV_MODULE).
"""

import logging
import os
import random
from datetime import datetime

import numpy as np
import torch


def seed_all_rng(seed: int | None = None) -> None:
    """
    Seed the random generators of torch, NumPy and Python, and PYTHONHASHSEED for child processes.

    Args:
        seed: 0 <= seed < 2**32; None: a random one, which is logged.
    """
    if seed is None:
        clock = int(datetime.now().strftime("%S%f"))
        seed = os.getpid() + clock + int.from_bytes(os.urandom(2), "big")
        logging.getLogger(__name__).info("Using a generated random seed %d", seed)
    np.random.seed(seed)
    torch.manual_seed(seed)  # every CUDA device included
    random.seed(seed)
    os.environ["PYTHONHASHSEED"] = str(seed)
