"""
Choose FreeCP's two thresholds on a part of a labelled dataset, and report them on the rest.

    freecp calibrate --config ade20k/sclip_freecp DATASETS.TEST folder:photos

First tau_r (MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH) is chosen with the config's tau_a, then
tau_a (MODEL.PURIFICATION_HEAD.AMBIGUITY.THRESH) with the chosen tau_r: the values of the highest
mIoU on the part. The other images compare the chosen pair with the config's. Writes
`thresholds.yaml`, a config with the chosen pair, `calibration.json` and `calibration.png`.
"""

import argparse
import functools
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml
from torch.multiprocessing.spawn import ProcessExitedException

from ..d2 import CfgNode, DatasetCatalog
from ..engine import (
    add_import_argument,
    check_num_processes,
    check_run,
    import_plugins,
    load_config,
)
from ..engine.calibration import (
    TAU_A,
    TAU_R,
    Calibration,
    Curve,
    calibrate,
    split_images,
    thresholds,
)
from ..engine.config_loading import find_config, rename_old_opts
from ..evaluation.charts import Line, Panel, draw_line_charts
from ..utils.errors import USER_ERRORS
from ..utils.files import write_whole
from .options import (
    add_config_argument,
    add_device_argument,
    described_parser,
    device_opts,
    print_error,
)

_GRID_R = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3)
_GRID_A = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9)
_FEW = 10


def build_parser() -> argparse.ArgumentParser:
    """The command line of `freecp calibrate`."""
    parser = described_parser(__doc__)
    add: Any = parser.add_argument
    add_config_argument(parser)
    add_device_argument(parser)
    part = "share of the images that chooses; default: 0.5"
    add("--part", type=float, default=0.5, metavar="SHARE", help=part)
    for name, grid in (("--redundancy", _GRID_R), ("--ambiguity", _GRID_A)):
        tried = f"values to try beside the config's; default: {','.join(map(str, grid))}"
        add(name, type=_numbers, default=[*grid], metavar="TAU,TAU", help=tried)
    gpus = "processes, one a GPU if there are any; 1"
    add("--num-gpus", type=int, default=1, metavar="N", help=gpus)
    folder = "default: OUTPUT_DIR/calibration"
    add("--output", "--output-dir", dest="output", metavar="DIR", help=folder)
    add_import_argument(parser)
    add("opts", nargs="*", metavar="KEY VALUE", help="config keys; must come last")
    return parser


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def main(argv: Sequence[str] | None = None) -> int:
    """Run `freecp calibrate`; the exit status is 2 after an error."""
    args = build_parser().parse_intermixed_args(argv)
    args.opts = [*device_opts(args), *args.opts]
    try:
        import_plugins(args.imports)
        cfg = load_config(args.config_file, args.opts)
        check_num_processes(args.num_gpus, cfg.MODEL.DEVICE)
        parts = _check(cfg, args)
        folder = Path(args.output or os.path.join(cfg.OUTPUT_DIR, "calibration"))
        folder.mkdir(parents=True, exist_ok=True)
        grids = {"redundancy": args.redundancy, "ambiguity": args.ambiguity}
        result = calibrate(cfg, parts, **grids, processes=args.num_gpus)
        print(report(result))
        write_results(folder, cfg, args.config_file, args.opts, result)
    except USER_ERRORS as error:
        print_error(error)
        return 2
    except ProcessExitedException:  # the process has printed why
        return 2
    print(f"\n{folder / 'thresholds.yaml'} is a config with these values, beside the curves.")
    return 0


def _check(cfg: CfgNode, args: argparse.Namespace) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Check the options and the data before any image is segmented; see `split_images`."""
    thresholds(cfg)
    for option, values in (("--redundancy", args.redundancy), ("--ambiguity", args.ambiguity)):
        if not all(0 <= value <= 1 for value in values):
            raise ValueError(f"{option} {values}, expected thresholds from 0 to 1.")
    if cfg.TEST.NUM_IMAGES:
        raise ValueError("TEST.NUM_IMAGES is not read here; use --part, or a list of images.")
    parts = split_images(cfg, args.part)
    check_run(cfg)
    return parts


def report(result: Calibration) -> str:
    """The result as text, with what limits it."""
    numbers = len(result.part), len(result.rest)
    lines = []
    for name, curve in (("tau_r", result.tau_r), ("tau_a", result.tau_a)):
        points = zip(curve.values, curve.scores, strict=True)
        shown = ", ".join(f"{value:g}: {score:.1f}" for value, score in points)
        lines.append(f"{name}, mIoU on the {numbers[0]} images that choose: {shown}")
        if curve.is_open:
            lines.append(f"  The best {name} is at an end of the values: try values beyond it.")
    difference, (before, after) = result.difference, result.scores
    lines += [
        "",
        f"Chosen: tau_r {result.chosen[0]:g}, tau_a {result.chosen[1]:g}; the config has "
        f"{result.before[0]:g} and {result.before[1]:g}.",
        f"mIoU on the other {numbers[1]} images: {after:.1f}, with the config's values "
        f"{before:.1f}. Difference and its 95 % interval: {difference}.",
    ]
    if difference.low <= 0 and result.chosen != result.before:
        lines.append("The interval contains 0: the chosen values are not shown to be better.")
    if min(numbers) < _FEW:
        lines.append(f"{min(numbers)} images are few: more labels make the choice more certain.")
    return "\n".join(lines)


def write_results(
    folder: Path, cfg: CfgNode, config_file: str, opts: Sequence[str], result: Calibration
) -> None:
    """Write `calibration.png`, `calibration.json` and `thresholds.yaml`."""
    panels = [
        _panel(f"tau_r, at tau_a {result.before[1]:g}", result.tau_r),
        _panel(f"tau_a, at tau_r {result.chosen[0]:g}", result.tau_a),
    ]
    title = f"the {len(result.part)} images that choose"
    chart = draw_line_charts(panels, title=title, share_y=True)
    write_whole(folder / "calibration.png", chart)
    dataset = cfg.DATASETS.TEST[0]
    files = [record["file_name"] for record in DatasetCatalog.get(dataset)]
    images = {name: [files[i] for i in getattr(result, name)] for name in ("part", "rest")}
    data = {"dataset": dataset, **asdict(result), **images}
    write_whole(folder / "calibration.json", (json.dumps(data, indent=1) + "\n").encode())
    config = chosen_config(cfg, config_file, opts, result.chosen)
    write_whole(folder / "thresholds.yaml", yaml.safe_dump(config, sort_keys=False).encode())


def chosen_config(
    cfg: CfgNode, config_file: str, opts: Sequence[str], chosen: tuple[float, float]
) -> dict[str, Any]:
    """The config file, the keys of the command line but OUTPUT_DIR and device, the thresholds."""
    values = {
        key: functools.reduce(lambda node, name: node[name], key.split("."), cfg)
        for key in rename_old_opts(opts)[::2]
        if key not in ("OUTPUT_DIR", "MODEL.DEVICE")
    }
    config: dict[str, Any] = {"_BASE_": os.path.abspath(find_config(config_file))}
    for key, value in {**values, TAU_R: float(chosen[0]), TAU_A: float(chosen[1])}.items():
        *sections, name = key.split(".")
        node = config
        for section in sections:
            node = node.setdefault(section, {})
        node[name] = repr(value) if isinstance(value, tuple) else value
    return {**config, "VERSION": 2}


def _panel(name: str, curve: Curve) -> Panel:
    """mIoU at each value, at equal distances; the best one is marked."""
    places = range(len(curve.values))
    at = list(curve.values).index(curve.best)
    line = Line("", places, curve.scores, mark=(at, curve.scores[at]), style="o-")
    return Panel(name, "mIoU, %", [line], ticks={i: f"{v:g}" for i, v in enumerate(curve.values)})
