"""
The usual arguments and set-up of a program, and a predictor for demos.

Counterpart of `detectron2/engine/defaults.py`. Leaves out: DefaultTrainer, `create_ddp_model`,
writers, weights as pickled Caffe2 or Detectron2 models, examples of commands, and colours in the
logged config.
"""

import argparse
import logging
import os
import sys
from typing import Any

import numpy as np
import torch

from ..checkpoint import DetectionCheckpointer
from ..config import CfgNode
from ..data import MetadataCatalog
from ..data import transforms as T
from ..modeling import build_model
from ..utils import comm
from ..utils.collect_env import collect_env_info
from ..utils.env import seed_all_rng
from ..utils.file_io import PathManager
from ..utils.logger import setup_logger


def default_argument_parser(epilog: str | None = None) -> argparse.ArgumentParser:
    """The arguments of a Detectron2 program; the rest of the command line is `opts`."""
    parser = argparse.ArgumentParser(
        epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--config-file", default="", metavar="FILE", help="path to config file")
    add("--resume", action="store_true", help="continue an interrupted run")
    add("--eval-only", action="store_true", help="perform evaluation only")
    add("--num-gpus", type=int, default=1, help="processes per machine, one a GPU if there are any")
    add("--num-machines", type=int, default=1, help="total number of machines")
    add("--machine-rank", type=int, default=0, help="the rank of this machine")
    # A fixed port per user: a port in use reveals processes that still run.
    user = os.getuid() if sys.platform != "win32" else 1
    add(
        "--dist-url",
        default=f"tcp://127.0.0.1:{2**15 + 2**14 + user % 2**14}",
        help="where the processes meet, see init_process_group of torch.distributed",
    )
    add(
        "opts",
        help="config options at the end of the command: KEY VALUE pairs",
        default=None,
        nargs=argparse.REMAINDER,
    )
    return parser


def default_setup(cfg: CfgNode, args: Any) -> None:
    """
    Set up loggers and seeds; log environment, arguments and config.

    Writes `log.txt` and `config.yaml` to OUTPUT_DIR. Only the loggers `fvcore` and `detectron2` get
    handlers, as in Detectron2.
    """
    rank = comm.get_rank()
    output_dir = cfg.OUTPUT_DIR or None
    if comm.is_main_process() and output_dir:
        PathManager.mkdirs(output_dir)
    setup_logger(output_dir, distributed_rank=rank, name="fvcore")
    logger = setup_logger(output_dir, distributed_rank=rank)
    logger.info("Rank of current process: %d. World size: %d", rank, comm.get_world_size())
    logger.info("Environment info:\n%s", collect_env_info())
    logger.info("Command line arguments: %s", args)
    config_file = getattr(args, "config_file", "")
    if config_file:
        with PathManager.open(config_file, "r") as file:
            logger.info("Contents of args.config_file=%s:\n%s", config_file, file.read())
    if comm.is_main_process() and output_dir:
        _save_config(cfg, os.path.join(output_dir, "config.yaml"), logger)

    # Each process has its own seed, which is the same in the next run.
    seed_all_rng(None if cfg.SEED < 0 else cfg.SEED + rank)
    if not getattr(args, "eval_only", False):
        # The benchmark is repeated for each image size.
        torch.backends.cudnn.benchmark = cfg.CUDNN_BENCHMARK
    if cfg.FLOAT32_PRECISION:
        _set_float32_precision(cfg.FLOAT32_PRECISION)
        logger.info("Set fp32 precision to %s", cfg.FLOAT32_PRECISION)


def _save_config(cfg: CfgNode, path: str, logger: logging.Logger) -> None:
    logger.info("Running with full config:\n%s", cfg.dump())
    with PathManager.open(path, "w") as file:
        file.write(cfg.dump())
    logger.info("Full config saved to %s", path)


def _set_float32_precision(precision: str) -> None:
    """TF32 on GPUs: "highest" forbids it, "high" and "medium" allow it."""
    if torch.cuda.is_available():
        torch.set_float32_matmul_precision(precision)
        torch.backends.cudnn.allow_tf32 = precision != "highest"


class DefaultPredictor:
    """
    A model for one image at a time.

    Attributes:
        model: in eval mode, with MODEL.WEIGHTS loaded.
        metadata: of the first dataset in DATASETS.TEST, if there is one.
    """

    def __init__(self, cfg: CfgNode) -> None:
        self.cfg = cfg.clone()  # a model may change its config
        self.input_format = cfg.INPUT.FORMAT
        assert self.input_format in ("RGB", "BGR"), f"INPUT.FORMAT={self.input_format!r}: RGB, BGR"
        self.model = build_model(self.cfg).eval()
        if cfg.DATASETS.TEST:
            self.metadata = MetadataCatalog.get(cfg.DATASETS.TEST[0])
        DetectionCheckpointer(self.model).load(cfg.MODEL.WEIGHTS)
        self.aug = T.ResizeShortestEdge(cfg.INPUT.MIN_SIZE_TEST, cfg.INPUT.MAX_SIZE_TEST)

    def __call__(self, original_image: np.ndarray) -> dict[str, Any]:
        """The model's output for an image of shape (H, W, 3), BGR whatever INPUT.FORMAT is."""
        with torch.no_grad():
            if self.input_format == "RGB":
                original_image = original_image[:, :, ::-1]
            height, width = original_image.shape[:2]
            image = self.aug.get_transform(original_image).apply_image(original_image)
            pixels = torch.as_tensor(image.astype("float32").transpose(2, 0, 1))
            pixels = pixels.to(self.cfg.MODEL.DEVICE)
            return self.model([{"image": pixels, "height": height, "width": width}])[0]
