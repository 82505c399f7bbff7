"""What kind of model a checkpoint holds, and whether its tensors are those of another model."""

from collections.abc import Collection, Iterable

from torch import Tensor, nn

VIT_KINDS = (
    "a DINOv2 with registers",
    "a ViT of timm with registers",
    "a ViT in the layout of DINO and timm",
)
"""What an affinity by DINO can run."""

_KINDS = (
    ("image_encoder.trunk.", "a SAM 2"),
    ("image_encoder.layers.0.", "a MobileSAM, whose image encoder is a TinyViT"),
    ("mask_decoder.hf_token", "an HQ-SAM"),
    ("image_encoder.blocks.", "a SAM"),
    ("shared_image_embedding.", "a SAM in transformers' layout"),
    ("logit_bias", "a SigLIP"),
    ("vision_model.embeddings.", "a CLIP in transformers' layout"),
    ("visual.", "a CLIP in OpenAI's or open_clip's layout"),
    ("embeddings.register_tokens", "a DINOv2 with registers in transformers' layout"),
    ("embeddings.patch_embeddings.", "a ViT in transformers' layout"),
    ("register_tokens", VIT_KINDS[0]),
    ("reg_token", VIT_KINDS[1]),
    ("patch_embed.proj.", VIT_KINDS[2]),
)
"""A part of a tensor's name -> what has such a tensor; the first that is found counts."""


def describe_weights(names: Iterable[str]) -> str:
    """What has tensors of these names, such as "a SAM 2"; "" if unknown."""
    found = [f".{name}" for name in names]
    return next((kind for part, kind in _KINDS if any(f".{part}" in name for name in found)), "")


def refuse_other_kind(
    state: dict[str, Tensor], kinds: Collection[str], path: str, advice: str
) -> None:
    """ValueError for weights that `describe_weights` knows and that are none of `kinds`."""
    found = describe_weights(state)
    if found and found not in kinds:
        raise ValueError(f"{path} is {found}; {advice}")


def load_strictly(module: nn.Module, state: dict[str, Tensor], path: str, advice: str) -> None:
    """
    Load the state dict of the file `path` into a module.

    Raises:
        ValueError: as `refuse_misfits`, or values are not finite.
    """
    own = module.state_dict()
    shapes = [
        f"{key} {tuple(state[key].shape)} instead of {tuple(own[key].shape)}"
        for key in own
        if key in state and state[key].shape != own[key].shape
    ]
    refuse_misfits(path, own.keys() - state.keys(), state.keys() - own.keys(), shapes, advice)
    stored = {key: value for key, value in state.items() if not value.is_meta}
    if bad := [key for key, value in stored.items() if not value.isfinite().all()]:
        raise ValueError(
            f"{path} has NaN or infinite values in {len(bad)} tensors, such as {bad[0]}; get the "
            "file again."
        )
    module.load_state_dict(state)


def refuse_misfits(
    path: str, missing: Iterable[str], unexpected: Iterable[str], shapes: Iterable[str], advice: str
) -> None:
    """Raise `ValueError` with the first keys of each kind and the advice, if there are any."""
    kinds = {"missing": missing, "unexpected": unexpected, "of another shape": shapes}
    found = [
        f"{len(names)} {kind} ({', '.join(names[:5])}{', ...' * (len(names) > 5)})"
        for kind, names in ((kind, sorted(map(str, names))) for kind, names in kinds.items())
        if names
    ]
    if found:
        raise ValueError(f"{path} does not fit, keys: {'; '.join(found)}; {advice}")
