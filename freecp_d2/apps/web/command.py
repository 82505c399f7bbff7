"""
A web page for images and words of your own: a base method beside FreeCP, and why.

    python demo/web.py
    python demo/web.py --config-file configs/ade20k/sclip_freecp.yaml --vocabulary "cat; dog, puppy"

Needs Gradio (`pip install -e ".[web]"`), no network, and by default no weights but those that come
with the package, which know drawn pages only.
"""

import argparse
import importlib.util
import os
import signal
import sys
import tempfile
from collections.abc import Sequence

from ...engine.config_files import config_path

NO_GRADIO = 'The web page needs Gradio, which is not installed; run: pip install -e ".[web]"'


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[1])
    default = str(config_path("storybook/sclip_freecp_overlap.yaml"))
    parser.add_argument("--config-file", "--config", default=default, help="of a FreeCP method")
    parser.add_argument(
        "--vocabulary", help='what the text box starts with: a shipped name, a file, or "cat; dog"'
    )
    parser.add_argument("--port", type=int, help="by default the first free one from 7860 on")
    parser.add_argument(
        "--host", default="127.0.0.1", help="0.0.0.0 lets other machines in; by default none"
    )
    parser.add_argument("--opts", nargs=argparse.REMAINDER, default=[], help="KEY VALUE pairs")
    return parser.parse_args(argv)


def announce(url: str) -> None:
    print(f"The page is at {url} (Ctrl+C ends it).", flush=True)


def main(argv: Sequence[str] | None = None) -> None:
    args = parse(argv)
    if importlib.util.find_spec("gradio") is None:
        sys.exit(NO_GRADIO)
    with tempfile.TemporaryDirectory(prefix="freecp_web_") as uploads:
        # Before Gradio is imported: it reads them then.
        os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": uploads}
        from ...text import load_vocabulary
        from . import Labeller

        try:
            words = load_vocabulary(args.vocabulary) if args.vocabulary else None
            labeller = Labeller.from_config(args.config_file, words, args.opts)
            from .server import serve

            # Ends as Ctrl+C does, so that what visitors uploaded goes.
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            serve(labeller, announce, host=args.host, port=args.port)
        except (FileNotFoundError, KeyError, ValueError, OSError) as error:
            sys.exit(f"{error.args[0] if isinstance(error, KeyError) else error}")
