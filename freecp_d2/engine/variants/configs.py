"""The rows and columns of the paper's Tab. 1 to 3, each a handful of config overrides."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...d2 import CfgNode
from ..configuration import load_config

_HEAD = "MODEL.PURIFICATION_HEAD"


@dataclass(frozen=True)
class Variant:
    """
    Attributes:
        name: for tables.
        overrides: what differs from the config of the whole method, "KEY", value in turn.
    """

    name: str
    overrides: tuple[object, ...]


_REFINE = (f"{_HEAD}.REDUNDANCY.ENABLED", False, f"{_HEAD}.AMBIGUITY.ENABLED", False)

VARIANTS = (
    Variant("alone", (f"{_HEAD}.NAME", "")),
    Variant("refined, all words", _REFINE),
    Variant("refined, GT words", (*_REFINE, f"{_HEAD}.ORACLE", True)),
    Variant("RP", (f"{_HEAD}.AMBIGUITY.ENABLED", False)),
    Variant("AP-RP", (f"{_HEAD}.ORDER", "AP-RP")),
    Variant("RP-AP", ()),
)
"""Tab. 1 (refined, without and with the oracle), Tab. 2 (alone, RP-AP) and Tab. 3 (the orders)."""


def variant_configs(
    config_files: dict[str, str],
    variants: Iterable[Variant] = VARIANTS,
    opts: Sequence[object] = (),
) -> dict[tuple[str, str], CfgNode]:
    """
    Args:
        config_files: base method -> the config of that method with FreeCP.
        variants: the columns.
        opts: further overrides for all.

    Returns:
        dict: (base method, variant's name) -> config.
    """
    return {
        (method, variant.name): load_config(file, [*map(str, variant.overrides), *map(str, opts)])
        for method, file in config_files.items()
        for variant in variants
    }
