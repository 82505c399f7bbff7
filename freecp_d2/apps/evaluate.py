"""
Evaluate FreeCP on a benchmark, in Detectron2's manner.

    freecp evaluate --config ade20k/sclip_freecp --num-gpus 8
    python train_net.py --eval-only --config configs/ade20k/sclip_freecp.yaml --num-gpus 8

The same command with --resume continues after an interruption. The exit code is 1 after an error
and 3 if images were skipped (TEST.ON_ERROR skip).

FreeCP is training-free; `train_net.py` is the name that every Detectron2 project uses.
"""

import logging
import os
import sys
import time
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from functools import partial

from torch.multiprocessing.spawn import ProcessExitedException

from .. import d2
from ..data.own import register_folders
from ..engine import (
    CheckedRun,
    add_import_argument,
    build_checked,
    build_model_in_turn,
    check_dist_url,
    check_num_processes,
    check_resume,
    check_run,
    evaluate,
    import_plugins,
    launch_processes,
    load_config,
    load_weights,
    skipped_images,
    sole_run,
)
from ..engine.config_loading import find_config
from ..utils.errors import USER_ERRORS, message_of
from .options import (
    CONFIG,
    add_config_argument,
    add_device_argument,
    add_vocabulary_argument,
    device_opts,
)


def build_parser() -> ArgumentParser:
    """Detectron2's command line and our own options; --config is the same in all commands."""
    parser = ArgumentParser(
        parents=[d2.default_argument_parser()],
        conflict_handler="resolve",
        formatter_class=RawDescriptionHelpFormatter,
        epilog="""Examples:
  freecp evaluate --config ade20k/sclip_freecp --num-gpus 8
  freecp evaluate --config ade20k/sclip --resume TEST.ON_ERROR skip MODEL.PRECISION fp16
  torchrun --nproc-per-node 8 train_net.py --eval-only --config configs/ade20k/sclip_freecp.yaml

In a clone, `python train_net.py --eval-only` is the same as `freecp evaluate`. Without a GPU,
--num-gpus 2 means two processes on the CPU.""",
    )
    add_config_argument(parser, "")
    add_vocabulary_argument(parser, "default: the words of the benchmark")
    add_device_argument(parser)
    parser.add_argument("--output", metavar="DIR", help="a folder; default: the config's")
    add_import_argument(parser)
    parser.set_defaults(dist_url="auto")
    return parser


def parse(parser: ArgumentParser, argv: Sequence[str] | None) -> Namespace:
    """Parse options wherever they are; argparse takes all that follow KEY VALUE pairs for pairs."""
    args = parser.parse_args(argv)
    opts: list[str] = []
    while starts := [i for i, word in enumerate(args.opts) if word.startswith("--")]:
        opts += args.opts[: starts[0]]
        args = parser.parse_args(args.opts[starts[0] :], args)
    own = (("MODEL.TEXT.VOCABULARY", args.vocabulary), ("OUTPUT_DIR", args.output))
    given = [part for pair in own if pair[1] is not None for part in pair]
    args.opts = [*given, *device_opts(args), *opts, *args.opts]
    return args


def check(args: Namespace) -> CheckedRun:
    """Find the errors of the command line, the config and the data before any process starts."""
    if not args.config_file:
        raise ValueError(f"got no config; give --config NAME, such as {CONFIG}, or a YAML file.")
    check_dist_url(args)
    import_plugins(args.imports)
    args.config_file = find_config(args.config_file)  # Detectron2 copies it into the log
    cfg = load_config(args.config_file, args.opts)
    check_num_processes(args.num_gpus, cfg.MODEL.DEVICE)
    cfg.defrost()
    cfg.TEST.LABEL_MAP = True  # the evaluator reads labels; scores would be K times as large
    cfg.freeze()
    checked = check_run(cfg)
    if args.resume:
        check_resume(cfg, checked.vocabulary)
    return checked


def run(args: Namespace, checked: CheckedRun) -> dict:
    """
    One process of the evaluation.

    Raises:
        OSError, ValueError: `build` failed; nothing was tried.
    """
    import_plugins(args.imports)  # here, too: another process may have started this one
    logging.raiseExceptions = False  # a full disk would print a stack trace for each line of log
    try:
        with sole_run(checked.cfg.OUTPUT_DIR) if d2.comm.is_main_process() else nullcontext():
            return _run(args, checked)
    except USER_ERRORS as error:
        _close_logs()
        sys.exit(_message(error))


def _close_logs() -> None:
    """Close the log files, since a full disk would raise an error when Python does it."""
    for name in ("detectron2", "fvcore", "freecp_d2"):
        for handler in logging.getLogger(name).handlers:
            if (stream := getattr(handler, "stream", sys.stdout)) not in (sys.stdout, sys.stderr):
                with suppress(OSError):
                    stream.close()


def _run(args: Namespace, checked: CheckedRun) -> dict:
    cfg = checked.cfg
    register_folders(cfg.DATASETS.TEST)
    try:
        d2.default_setup(cfg, args)
    except OSError as error:  # of a full disk, which names no file; the log hides its own
        if error.errno is None or error.filename:
            raise
        path = os.path.join(cfg.OUTPUT_DIR, "config.yaml")
        raise OSError(error.errno, error.strerror, path) from error
    rank, size = d2.comm.get_rank(), d2.comm.get_world_size()
    logger = d2.setup_logger(cfg.OUTPUT_DIR, distributed_rank=rank, name="freecp_d2")
    d2.log_backend()
    logger.info(f"Device: {cfg.MODEL.DEVICE}; processes: {size}")
    model = build_model_in_turn(checked, build_checked)
    load_weights(cfg, model)
    results = evaluate(cfg, model, checked.vocabulary, resume=args.resume)
    if d2.comm.is_main_process():
        for name in cfg.DATASETS.TEST:
            d2.verify_results(cfg, results[name])
    return results


def train_net(argv: Sequence[str] | None = None) -> None:
    """`main` of `train_net.py`, which Detectron2's users call with --eval-only."""
    main(argv, require_eval_only=True)


def main(argv: Sequence[str] | None = None, *, require_eval_only: bool = False) -> None:
    """
    Evaluate a config; SystemExit with a message where the command line, config or data are wrong,
    and if `require_eval_only` misses --eval-only, which would train elsewhere.
    """
    parser = build_parser()
    args = parse(parser, argv)
    try:
        if require_eval_only and not args.eval_only:
            raise ValueError("nothing is trained here: FreeCP is training-free. Add --eval-only.")
        checked = check(args)
        if args.num_gpus * args.num_machines > 1:
            checked = checked._replace(clip=None, wrapped=None)  # each process has its own
        launch_processes(partial(run, checked=checked), args)
    except USER_ERRORS as error:
        if int(os.environ.get("LOCAL_RANK", 0)) > 0:
            # Usually the first process of torchrun has the same error; once it has printed it,
            # torchrun ends this one.
            time.sleep(60)
        sys.exit(f"{parser.prog}: {_message(error)}")
    except ProcessExitedException as error:  # the process has printed why
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("\nInterrupted; the same command with --resume continues.", file=sys.stderr)
        sys.exit(130)
    if skipped_images(checked.cfg.OUTPUT_DIR):
        sys.exit(3)


def _message(error: Exception) -> str:
    message = message_of(error)
    if "registry!" in message:
        message = f"{message} If it is your own, name its module or file with --import."
    return f"error: {message}"
