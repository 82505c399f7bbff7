"""
A web page for images and words of your own: a base method beside FreeCP, and why.

    freecp web
    freecp web --config ade20k/sclip_freecp --vocabulary "cat; dog, puppy; sofa"

Needs Gradio (`pip install "freecp_d2[web]"`) and no network. The default weights come with the
package and only work on drawn pages.
"""

import argparse
import importlib.util
import os
import re
import signal
import sys
import tempfile
from collections.abc import Sequence

from ...utils.errors import USER_ERRORS
from ..options import (
    EMBEDDED,
    add_config_argument,
    add_device_argument,
    add_opts_argument,
    add_vocabulary_argument,
    bands_opts,
    device_opts,
    print_error,
)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[1])
    add = parser.add_argument
    add_config_argument(parser, EMBEDDED)
    add_vocabulary_argument(parser, "the initial words; default: the config's")
    add_device_argument(parser)
    add("--bands", default="", metavar="R,G,B", help="of images with many: 4,3,2; or one")
    add("--port", type=int, metavar="N", help="default: the first free one from 7860 on")
    host = "0.0.0.0 accepts other machines; default: this one only"
    add("--host", default="127.0.0.1", metavar="ADDRESS", help=host)
    root = "where a proxy shows the page: /freecp, or https://example.org/freecp"
    add("--root-path", default="", metavar="PATH", help=root)
    add_opts_argument(parser)
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
        sys.exit('The web page needs Gradio; run: pip install "freecp_d2[web]" (INSTALL.md)')
    with tempfile.TemporaryDirectory(prefix="freecp_web_") as uploads:
        # Gradio reads these when it is imported.
        os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": uploads}
        from ...text import load_vocabulary
        from .labelling import Labeller

        try:
            words = load_vocabulary(args.vocabulary) if args.vocabulary else None
            opts = [*bands_opts(args), *device_opts(args), *args.opts]
            labeller = Labeller.from_config(args.config_file, words, opts)
            from .server import serve

            # Exit as on Ctrl+C, so that uploads are deleted.
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            serve(labeller, host=args.host, port=args.port, root_path=args.root_path)
        except USER_ERRORS as error:
            print_error(error)
            sys.exit(1)
