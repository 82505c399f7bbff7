"""A small TIPSv2 with random weights, and its tokenizer, in the files of the released ones."""

import functools
import io
from pathlib import Path

import sentencepiece
import torch
from transformers import Tipsv2Config, Tipsv2Model

from .random_towers import shaken

TEXTS = """itap of a large traffic light, a bad photo of a small cat, art of the dog in a video game
a photo of many buildings, a photo of the grass and the sky, an origami car on the road
a photo of a person under a tree, a ball, a table and two chairs, water and a wooden boat"""


@functools.cache
def sentencepiece_model() -> bytes:
    """A BPE of SentencePiece with byte fallback, padding 0, no start and no end token."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS.splitlines() * 4),
        model_writer=model,
        model_type="bpe",
        vocab_size=340,
        byte_fallback=True,
        character_coverage=1.0,
        pad_id=0,
        unk_id=1,
        bos_id=-1,
        eos_id=-1,
        minloglevel=2,
    )
    return model.getvalue()


def random_tips(*, layers: int = 3, patch: int = 4, swiglu: bool = False) -> Tipsv2Model:
    """Width 32, two heads, native grid 8 x 8, one register, context 64."""
    torch.manual_seed(0)
    shared = {"hidden_size": 32, "num_hidden_layers": layers, "num_attention_heads": 2}
    vision = {"image_size": 8 * patch, "patch_size": patch, "use_swiglu_ffn": swiglu, **shared}
    text = {"vocab_size": 340, "intermediate_size": 64, **shared}
    model = shaken(Tipsv2Model(Tipsv2Config(text_config=text, vision_config=vision)), seed=1)
    model.temperature.fill_(0.02)
    return model


def save_tips(folder: Path, model: Tipsv2Model | None = None) -> Path:
    """Save config.json, model.safetensors and tokenizer.model; returns the folder."""
    (model or random_tips()).save_pretrained(folder)
    (folder / "tokenizer.model").write_bytes(sentencepiece_model())
    return folder
