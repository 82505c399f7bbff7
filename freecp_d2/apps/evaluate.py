"""
Evaluate FreeCP on a benchmark, in Detectron2's manner.

    python train_net.py --eval-only --config configs/ade20k/sclip_freecp.yaml --num-gpus 8

FreeCP is training-free; `train_net.py` is the name that every Detectron2 project uses.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from functools import partial

from torch.multiprocessing.spawn import ProcessExitedException

from .. import d2
from ..data.own import register_folders
from ..engine import (
    CheckedRun,
    add_import_argument,
    build_checked,
    build_model_in_turn,
    check_num_processes,
    check_run,
    evaluate,
    import_plugins,
    launch_processes,
    load_config,
    load_weights,
)
from .errors import USER_ERRORS, message_of


def build_parser() -> ArgumentParser:
    """Detectron2's command line, and `--import`; `--config` is short for `--config-file`."""
    parser = d2.default_argument_parser(
        epilog="""Examples:
  python train_net.py --eval-only --config configs/ade20k/sclip_freecp.yaml --num-gpus 8
  python train_net.py --eval-only --config configs/ade20k/sclip.yaml MODEL.PRECISION fp16
  torchrun --nproc-per-node 8 train_net.py --eval-only --config configs/ade20k/sclip_freecp.yaml
  python train_net.py --eval-only --config examples/color_position.yaml \\
      --import examples/color_position_affinity.py

Without a GPU it runs on the CPU; --num-gpus 2 then means two processes."""
    )
    add_import_argument(parser)
    return parser


def check(args: Namespace) -> CheckedRun:
    """Find the errors of the command line, the config and the data before any process starts."""
    check_num_processes(args.num_gpus)
    import_plugins(args.imports)
    cfg = load_config(args.config_file, args.opts)
    cfg.defrost()
    cfg.TEST.LABEL_MAP = True  # the evaluator reads labels; scores would be K times as large
    cfg.freeze()
    return check_run(cfg)


def run(args: Namespace, checked: CheckedRun) -> dict:
    """One process of the evaluation."""
    import_plugins(args.imports)  # here, too: another process may have started this one
    cfg = checked.cfg
    register_folders(cfg.DATASETS.TEST)
    d2.default_setup(cfg, args)
    rank, size = d2.comm.get_rank(), d2.comm.get_world_size()
    logger = d2.setup_logger(cfg.OUTPUT_DIR, distributed_rank=rank, name="freecp_d2")
    d2.log_backend()
    logger.info(f"Device: {cfg.MODEL.DEVICE}; processes: {size}")
    try:
        model = build_model_in_turn(checked, build_checked)
    except USER_ERRORS as error:  # affinity weights, which `check` does not load
        sys.exit(_message(error))
    load_weights(cfg, model)
    results = evaluate(cfg, model, checked.vocabulary)
    if d2.comm.is_main_process():
        for name in cfg.DATASETS.TEST:
            d2.verify_results(cfg, results[name])
    return results


def train_net(argv: Sequence[str] | None = None) -> None:
    """`main` of `train_net.py`, which Detectron2's users call with --eval-only."""
    main(argv, require_eval_only=True)


def main(argv: Sequence[str] | None = None, *, require_eval_only: bool = False) -> None:
    """
    Evaluate a config; SystemExit with a message where the command line, config or data are wrong.

    `require_eval_only` refuses a command line without --eval-only, which would train elsewhere.
    """
    parser = build_parser()
    args = parser.parse_args(argv)
    try:
        if require_eval_only and not args.eval_only:
            raise ValueError("nothing is trained here: FreeCP is training-free. Add --eval-only.")
        checked = check(args)
    except USER_ERRORS as error:
        sys.exit(f"{parser.prog}: {_message(error)}")
    if args.num_gpus * args.num_machines > 1:
        checked = checked._replace(clip=None, wrapped=None)  # each process has its own
    try:
        launch_processes(partial(run, checked=checked), args)
    except ProcessExitedException as error:  # the process has printed why
        sys.exit(error.exit_code)


def _message(error: Exception) -> str:
    message = message_of(error)
    if "registry!" in message:
        message = f"{message} If it is your own, name its module or file with --import."
    return f"error: {message}"


if __name__ == "__main__":
    train_net()
