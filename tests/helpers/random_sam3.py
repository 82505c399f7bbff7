"""A random `transformers.Sam3Model` of a few layers, and a tokenizer of single letters."""

from pathlib import Path
from typing import Any

import torch
from transformers import CLIPTokenizer, Sam3Config, Sam3Model

WORD_TOKENS = 32
IMAGE_SIZE = 112


def random_sam3(seed: int = 0) -> Any:
    """Images of 112 pixels, patches of 14: masks of 32 x 32 cells and 8 x 8 features."""
    torch.manual_seed(seed)
    heads = {"hidden_size": 32, "num_attention_heads": 2}
    layers = {**heads, "num_layers": 1, "intermediate_size": 32, "dropout": 0.0}
    vit = {**heads, "intermediate_size": 48, "num_hidden_layers": 2, "image_size": IMAGE_SIZE}
    vit |= {"window_size": 4, "global_attn_indexes": [1], "pretrain_image_size": 56}
    text = {**heads, "intermediate_size": 48, "num_hidden_layers": 1, "vocab_size": 1000}
    text |= {"projection_dim": 16, "max_position_embeddings": WORD_TOKENS}
    text |= {"bos_token_id": 998, "eos_token_id": 999, "pad_token_id": 999}
    config = Sam3Config(
        vision_config={
            "backbone_config": {"model_type": "sam3_vit_model", **vit},
            "fpn_hidden_size": 32,
            "backbone_feature_sizes": [[32, 32], [16, 16], [8, 8]],
        },
        text_config={"model_type": "clip_text_model", **text},
        geometry_encoder_config=layers,
        detr_encoder_config=layers,
        detr_decoder_config={**layers, "num_queries": 5},
        mask_decoder_config={**heads, "dropout": 0.0},
    )
    model = Sam3Model(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():  # its own values leave all words almost alike
            parameter += 0.1 * torch.randn_like(parameter)
    return model


def letter_tokenizer() -> Any:
    """CLIP's tokenizer without merges: a token a letter."""
    letters = [chr(k) for k in range(33, 127)]
    names = [*letters, *(f"{letter}</w>" for letter in letters)]
    vocab = {name: k for k, name in enumerate(names)}
    vocab |= {"<|startoftext|>": 998, "<|endoftext|>": 999}
    return CLIPTokenizer(vocab=vocab, merges=[])


def save_sam3(folder: Path, seed: int = 0) -> Path:
    """Save both with `save_pretrained`; returns the folder."""
    random_sam3(seed).save_pretrained(folder)
    letter_tokenizer().save_pretrained(folder)
    return folder
