"""Counterpart of `detectron2/utils/__init__.py`, and the error for what the fallback leaves out."""


def needs_detectron2(what: str) -> NotImplementedError:
    """The error for a feature that the fallback lacks: `"training"`, `"a v1 config file"`."""
    return NotImplementedError(
        f"{what} needs Detectron2: install it from https://github.com/facebookresearch/detectron2 "
        "and leave FREECP_D2 unset or set it to detectron2."
    )
