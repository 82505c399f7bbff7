"""
Label images and videos with your own words.

    freecp segment --input photo.jpg --vocabulary "cat; dog, puppy; sofa"
    freecp segment --input photos "more/*.jpg" --output results --report

docs/OWN_IMAGES.md describes the result files. The same command resumes a killed run.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from ...engine import add_import_argument, check_num_processes, import_plugins, load_config
from ...engine.predictor import Predictor
from ...modeling.text_head import vocabulary_from_config
from ...text import load_vocabulary
from ...utils.errors import USER_ERRORS
from ...utils.files import printable
from ...version import __version__
from ..options import (
    CONFIG,
    EMBEDDED,
    add_config_argument,
    add_device_argument,
    add_opts_argument,
    add_vocabulary_argument,
    bands_opts,
    device_opts,
    print_error,
    program_name,
)
from .geotiff import check_rasters
from .image_record import Settings, is_taken, no_word_left
from .inputs import FailedInput, Inputs
from .labelling import Task, plan
from .outputs import (
    EXPORTS,
    FORMATS,
    PAGE,
    RASTERS,
    check_folders,
    check_page,
    check_results,
    output_names,
)
from .run import run

OUTPUT = Path("output/demo")
DONE, SOME_FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Label every pixel of images and videos with your own words.",
        epilog=f"The weights of {CONFIG} (OpenAI's CLIP ViT-B/16, 350 MB) are downloaded once; "
        f"{EMBEDDED} needs no download and knows drawn pages only. Exit code: 0; 1 if some input "
        "could not be labelled, or the disk is full; 2 if nothing was tried.",
    )
    add = parser.add_argument
    add_config_argument(parser, CONFIG)
    inputs = "images, videos, folders with their sub-folders, quoted patterns: 'a/**/*.jpg'"
    add("--input", nargs="+", default=[], metavar="FILE", help=inputs)
    add("--video-input", nargs="+", default=[], metavar="FILE", help="videos with any suffix")
    add("--output", type=Path, default=OUTPUT, metavar="DIR", help=f"a folder; default: {OUTPUT}")
    add_vocabulary_argument(parser, "default: the config's words")
    add_device_argument(parser)
    gpus = "processes, each with a model on its own GPU, or without a GPU on some of the cores; 1"
    add("--num-gpus", type=int, default=1, metavar="N", help=gpus)
    bands = "of images with many bands: three, such as 4,3,2, or one, from 1"
    add("--bands", default="", metavar="R,G,B", help=bands)
    limits = "of more than 8 bits: auto, full, percentiles or LOW:HIGH; default: the config's"
    add("--value-range", metavar="RANGE", help=limits)
    add("--scores", action="store_true", help="write the scores of each image")
    formats = (
        f"{', '.join(FORMATS)}: also for other tools; npz is --scores; {' and '.join(RASTERS)} "
        "label rasters with a CRS by windows, and go with no other"
    )
    add("--format", nargs="+", default=[], choices=FORMATS, metavar="NAME", help=formats)
    add("--tolerance", type=float, default=1.0, metavar="N", help="of polygons, in pixels; 1")
    add("--report", action="store_true", help="write index.html, all images on one page")
    add("--force", action="store_true", help="label finished inputs again")
    add("--overlay-side", type=int, default=2048, metavar="N", help="longest side in pixels; 2048")
    add("--max-megapixels", type=float, default=200.0, metavar="N", help="of an image; 200")
    add_import_argument(parser)
    add_opts_argument(parser)
    return parser


def prepare(args: argparse.Namespace) -> tuple[Settings, list[Task], list[FailedInput]]:
    """Find the inputs and check all arguments, before the model is loaded."""
    if not args.input and not args.video_input:
        raise ValueError("got nothing to label; give --input FILE, a folder, or a quoted pattern.")
    import_plugins(args.imports)
    opts = [*bands_opts(args), *device_opts(args), *args.opts]
    if args.value_range:
        opts = ["INPUT.VALUE_RANGE", args.value_range, *opts]
    cfg = load_config(args.config_file, opts, for_images=True)
    check_num_processes(args.num_gpus, cfg.MODEL.DEVICE, launched=False)
    words = args.vocabulary
    settings = Settings(
        config_file=args.config_file,
        opts=opts,
        cfg=cfg,
        vocabulary=vocabulary_from_config(cfg) if words is None else load_vocabulary(words),
        output=args.output,
        scores=args.scores or "npz" in args.format,
        overlay_side=args.overlay_side,
        max_megapixels=args.max_megapixels,
        exports=[kind for kind in EXPORTS if kind in args.format],
        rasters=not {*RASTERS}.isdisjoint(args.format),
        tolerance=args.tolerance,
        force=args.force,
    )
    check_rasters(settings, args.format)
    check_folders(args.input, args.output)
    inputs = Inputs(args.input, args.video_input, args.output)
    if not inputs.sources:
        reasons = "; ".join(f"{printable(f.name)}: {f.reason}" for f in inputs.failures)
        raise ValueError(f"found no image and no video. {reasons}".rstrip())
    if args.output.exists() and not args.output.is_dir():
        raise ValueError(f"--output {args.output} is a file; name a folder, which need not exist.")
    if args.report:
        check_page(args.output)
    names = output_names(inputs.sources, lambda source, name: is_taken(source, args.output, name))
    check_results(inputs.sources, names, args.output, settings.exports)
    args.output.mkdir(parents=True, exist_ok=True)
    tasks = plan(inputs.sources, names, settings)
    if inputs.num_others:
        print(f"{inputs.num_others} other files of the folders are neither images nor videos.")
    return settings, tasks, inputs.failures


def label(args: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    settings, tasks, failures = prepare(args)
    facts = {
        "Command": printable(f"{sys.argv[0]} {shlex.join(args.argv)}"),
        "Made": f"{date.today()}, freecp_d2 {__version__}",
    }
    start = time.time()

    def build() -> Predictor:
        try:
            return Predictor(settings.cfg, settings.vocabulary)
        except OSError as error:
            if args.config_file != CONFIG:
                raise
            hint = f"Without weights: --config {EMBEDDED}, for drawn pages."
            raise OSError(f"{error} {hint}") from error

    report = facts if args.report else None
    found = run(tasks, build, settings, failures, report, args.num_gpus, args.imports)
    if found.stopped:
        done = f"{found.num_labelled} labelled; the same command goes on from here."
        print(f"{program_name()}: stopped: {printable(found.stopped)}. {done}", file=sys.stderr)
        return SOME_FAILED
    parts = [f"{found.num_labelled} labelled in {time.time() - start:.0f} s"]
    if found.num_earlier:
        parts.append(f"{found.num_earlier} were labelled before")
    if found.failures:
        parts.append(f"{len(found.failures)} with problems, named above")
    print(f"{', '.join(parts)}: {printable(args.output / PAGE if args.report else args.output)}")
    if found.num_without_words:
        print(no_word_left(found.num_without_words))
    if found.num_without_sound:
        install = 'pip install "freecp_d2[video]" and --force keep it, as H.264.'
        print(f"The labelled videos have no sound; {install}")
    if settings.caveat:
        print(settings.caveat)
    return SOME_FAILED if found.failures else DONE


def main(argv: Sequence[str] | None = None) -> int:
    args = build_parser().parse_args(argv)
    args.argv = list(sys.argv[1:] if argv is None else argv)
    try:
        return label(args)
    except USER_ERRORS as error:
        print_error(error)
        return REFUSED
    except KeyboardInterrupt:
        print("\nInterrupted; the same command goes on from here.", file=sys.stderr)
        return INTERRUPTED
