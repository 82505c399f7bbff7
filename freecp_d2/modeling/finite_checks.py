"""Checks of the features that weights give: NaN, infinity, zeros alone."""

import torch
from torch import Tensor


class WeightsError(ValueError):
    """The weights of a model give features that are useless, whatever the image."""


class FiniteChecks:
    """Checks of features on a device whose results are read together, with one wait for it."""

    def __init__(self) -> None:
        self._messages: list[str] = []
        self._flags: list[Tensor] = []

    def add(self, features: Tensor, source: str, advice: str = "") -> None:
        """
        Check features for NaN and infinity, and that not all of them are zero.

        Args:
            source: names their weights.
            advice: the reason and what to do, in place of that of damaged weights.
        """
        advice = advice or (
            "the weights are damaged, untrained, or too large for the precision. Get the file "
            "again, or use MODEL.PRECISION fp32."
        )
        self._messages.append(f"{source} gives NaN, infinity or zeros alone: {advice}")
        self._flags.append(features.isfinite().all() & features.any())

    def flags(self) -> Tensor:
        """Whether each is usable, bool, on the device; for `raise_for`."""
        return torch.stack(self._flags)

    def raise_for(self, flags: Tensor) -> None:
        """Raise `WeightsError` for the first false flag; `flags` on the CPU."""
        for message, is_usable in zip(self._messages, flags.tolist(), strict=True):
            if not is_usable:
                raise WeightsError(message)


def check_finite(features: Tensor, source: str) -> None:
    """`FiniteChecks` of features alone: raise `WeightsError` if they are useless."""
    checks = FiniteChecks()
    checks.add(features, source)
    checks.raise_for(checks.flags())
