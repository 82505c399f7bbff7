"""
Export the image tower of a base method as ONNX, and its words as NumPy arrays.

    freecp export-onnx --config ade20k/sclip_freecp --vocabulary "cat; dog" --output sclip.onnx

The graph has Eq. (1) up to the patch tokens; docs/INTEGRATIONS.md has the rest of it in NumPy.
Purification is not part of it. Writes `sclip.onnx` and `sclip.npz`, and compares the graph with
PyTorch.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from packaging.version import Version
from torch import Tensor, nn

from ..engine import add_import_argument, import_plugins
from ..engine.predictor import Predictor
from ..modeling.meta_arch.freecp_segmentor import FreeCPSegmentor
from ..modeling.text_head import TextHead
from ..utils.errors import USER_ERRORS
from ..utils.files import whole_file
from .options import (
    CONFIG,
    add_config_argument,
    add_opts_argument,
    add_vocabulary_argument,
    described_parser,
    print_error,
)

_TORCH = Version("2.9")
"""The first whose exporter takes `dynamic_shapes` and is called with `dynamo` by default."""

TOLERANCE = 1e-4
"""Largest difference of the unit patch tokens from PyTorch."""


class ImageTower(nn.Module):
    """Images, RGB in [0, 255], (N, 3, S, S) -> unit patch tokens (N, D, h, w), all float32."""

    def __init__(self, model: FreeCPSegmentor):
        super().__init__()
        self.backbone, self.pixels = model.backbone, model.pixels

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.backbone((images - self.pixels.mean) / self.pixels.std)["patch_tokens"]
        return nn.functional.normalize(tokens, dim=1)


def export(model: FreeCPSegmentor, path: Path) -> float:
    """
    Write the graph, input `images` and output `patch_tokens`, and an .npz beside it: `words`, unit
    rows (W, D), `word_to_class` (W,), -1 for background words, `logit_scale`, `names`, and `side`,
    S in pixels. Returns the largest difference from PyTorch on random images.

    Raises:
        ImportError: the extra `onnx` is not installed, or torch is older than 2.9.
        ValueError: the tower is not float32, its tokens depend on the words, or the graph differs.
    """
    try:
        import onnxruntime
        import onnxscript  # noqa: F401, torch.onnx needs it
    except ImportError as error:
        raise ImportError(f'{error}: pip install "freecp_d2[onnx]".') from error
    if Version(torch.__version__) < _TORCH:
        raise ImportError(f"got torch {torch.__version__}; expected {_TORCH} or later for ONNX.")
    kinds = {p.dtype for p in model.backbone.parameters()}
    if model.backbone.reads_text or kinds != {torch.float32}:
        raise ValueError(
            f"got weights of {kinds}, and tokens that depend on the words: "
            f"{model.backbone.reads_text}; expected MODEL.PRECISION fp32 and a base method that "
            "does not read the words."
        )
    side = model.window_size - model.window_size % model.backbone.patch_size
    tower, images = ImageTower(model).eval(), 255 * torch.rand(2, 3, side, side)
    words = path.with_suffix(".npz")
    with torch.no_grad(), whole_file(words) as words_aside, whole_file(path) as aside:
        torch.onnx.export(
            tower,
            (images,),
            aside,
            input_names=["images"],
            output_names=["patch_tokens"],
            dynamic_shapes={"images": {0: torch.export.Dim("windows")}},
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        session = onnxruntime.InferenceSession(aside, providers=["CPUExecutionProvider"])
        (found,) = session.run(None, {"images": images[:1].numpy()})
        difference = float(np.abs(found - tower(images[:1]).numpy()).max())
        if not difference < TOLERANCE:
            raise ValueError(f"the graph differs from PyTorch by {difference:.1e}; it is not kept.")
        _save_words(model.text_head, side, words_aside)
    return difference


def _save_words(head: TextHead, side: int, path: Path) -> None:
    owners = head.word_to_class.numpy()
    without = len(head.word_features) - len(owners)  # background words, of no class
    with path.open("wb") as file:  # np.savez adds ".npz" to other names
        np.savez(
            file,
            words=head.word_features.numpy(),
            word_to_class=np.pad(owners, (without, 0), constant_values=-1),
            logit_scale=np.float32(head.logit_scale),
            names=np.array(head.output_names[head.background_is_rest :]),
            side=side,
        )


def build_parser() -> argparse.ArgumentParser:
    """The command line of `freecp export-onnx`."""
    parser = described_parser(__doc__)
    add: Any = parser.add_argument
    add_config_argument(parser, CONFIG)
    add_vocabulary_argument(parser, "default: the config's words")
    add("--output", type=Path, default=Path("tower.onnx"), metavar="FILE.onnx")
    add_import_argument(parser)
    add_opts_argument(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run `freecp export-onnx`; the exit status is 2 if nothing was written."""
    parser = build_parser()
    args = parser.parse_args(argv)
    try:
        if args.output.suffix != ".onnx":
            raise ValueError(f"--output is {args.output}; expected a name that ends in .onnx.")
        import_plugins(args.imports)
        model = Predictor(args.config_file, args.vocabulary, args.opts, device="cpu").model
        if not isinstance(model, FreeCPSegmentor):
            raise ValueError(
                f"the config is of a {type(model).__name__}; use one of FreeCPSegmentor, such as "
                "ade20k/sclip."
            )
        difference = export(model, args.output)
    except USER_ERRORS as error:
        print_error(error)
        return 2
    print(f"{args.output} and its .npz; differs from PyTorch by {difference:.0e}.")
    return 0
