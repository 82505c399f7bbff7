"""`torch.hub.load(REPOSITORY, "freecp", vocabulary=["cat", "dog"])`."""

from typing import Any

dependencies = ["torch", "fvcore", "yacs", "clip", "open_clip", "safetensors"]


def freecp(
    config: str = "ade20k/sclip_freecp", vocabulary: Any = None, opts: Any = (), device: Any = None
) -> Any:
    """A `freecp_d2.Predictor`, which has the arguments; without a GPU it uses the CPU."""
    from freecp_d2 import Predictor

    return Predictor(config, vocabulary, opts, device=device)
