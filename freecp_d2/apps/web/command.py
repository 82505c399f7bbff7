"""
A web page for images and words of your own: a base method beside FreeCP, and why.

    freecp web
    freecp web --config-file configs/ade20k/sclip_freecp.yaml --vocabulary "cat; dog, puppy; sofa"

Needs Gradio (`pip install -e ".[web]"`) and no network. The default weights come with the package
and only work on drawn pages.
"""

import argparse
import importlib.util
import os
import re
import signal
import sys
import tempfile
from collections.abc import Sequence

from ...engine.config_files import config_path
from ..errors import USER_ERRORS, message_of


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[1])
    default = str(config_path("storybook/sclip_freecp.yaml"))
    parser.add_argument("--config-file", "--config", default=default, help="of a FreeCP method")
    parser.add_argument("--vocabulary", help='initial words: a shipped name, a file, or "cat; dog"')
    parser.add_argument("--bands", default="", help="of images with many: 4,3,2; or one")
    parser.add_argument("--port", type=int, help="default: the first free one from 7860 on")
    parser.add_argument(
        "--host", default="127.0.0.1", help="0.0.0.0 accepts other machines; default: this one only"
    )
    parser.add_argument(
        "--root-path",
        default="",
        metavar="PATH",
        help="where a proxy shows the page: /freecp, or https://example.org/freecp",
    )
    parser.add_argument("--opts", nargs=argparse.REMAINDER, default=[], help="KEY VALUE pairs")
    args = parser.parse_args(argv)
    args.root_path = args.root_path.rstrip("/")
    if args.root_path and not re.match(r"/|https?://[^/]", args.root_path):
        parser.error(
            f"--root-path is {args.root_path!r}; expected a path such as /freecp, or the whole "
            "address, such as https://example.org/freecp."
        )
    return args


def main(argv: Sequence[str] | None = None) -> None:
    args = parse(argv)
    if importlib.util.find_spec("gradio") is None:
        sys.exit('The web page needs Gradio, which is not installed; run: pip install -e ".[web]"')
    with tempfile.TemporaryDirectory(prefix="freecp_web_") as uploads:
        # Gradio reads these when it is imported.
        os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": uploads}
        from ...data.images.options import parse_bands
        from ...text import load_vocabulary
        from .labelling import Labeller

        try:
            words = load_vocabulary(args.vocabulary) if args.vocabulary else None
            bands = parse_bands(args.bands)
            opts = [*(("INPUT.BANDS", str(bands)) if bands else ()), *args.opts]
            labeller = Labeller.from_config(args.config_file, words, opts)
            from .server import serve

            # Exit as on Ctrl+C, so that uploads are deleted.
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            serve(labeller, host=args.host, port=args.port, root_path=args.root_path)
        except USER_ERRORS as error:
            sys.exit(message_of(error))
