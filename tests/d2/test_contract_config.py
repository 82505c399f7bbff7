"""What this project expects of config nodes, of @configurable and of registries."""

from pathlib import Path
from typing import Any

import pytest

from freecp_d2.d2 import CfgNode, configurable, get_cfg


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_get_cfg_returns_a_copy() -> None:
    first = get_cfg()
    first.MODEL.DEVICE = "cpu"
    first.INPUT.MIN_SIZE_TEST = 1
    assert get_cfg().MODEL.DEVICE == "cuda"
    assert get_cfg().INPUT.MIN_SIZE_TEST == 800


def test_merge_from_file_with_base(tmp_path: Path) -> None:
    write(tmp_path / "base.yaml", "MODEL:\n  WEIGHTS: a\n  DEVICE: cpu\nVERSION: 2\n")
    leaf = write(tmp_path / "leaf.yaml", "_BASE_: base.yaml\nMODEL:\n  WEIGHTS: b\nVERSION: 2\n")
    cfg = get_cfg()
    cfg.merge_from_file(leaf)
    assert (cfg.MODEL.DEVICE, cfg.MODEL.WEIGHTS) == ("cpu", "b")


def test_a_file_may_run_code(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "SEED: !!python/object/apply:eval ['6 * 7']\nVERSION: 2\n")
    cfg = get_cfg()
    cfg.merge_from_file(path)
    assert cfg.SEED == 42


def test_refused_files_and_keys(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="does not exist"):
        get_cfg().merge_from_file(str(tmp_path / "none.yaml"))
    with pytest.raises(AssertionError):  # a later version
        get_cfg().merge_from_file(write(tmp_path / "a.yaml", "VERSION: 3\n"))
    for text in ("MODEL:\n  NO_SUCH_KEY: 1\n", "NO_SUCH_SECTION:\n  A: 1\n"):
        with pytest.raises(KeyError, match="NO_SUCH"):
            get_cfg().merge_from_file(write(tmp_path / "a.yaml", text + "VERSION: 2\n"))
    with pytest.raises(AssertionError, match="NO_SUCH_KEY"):
        get_cfg().merge_from_list(["MODEL.NO_SUCH_KEY", "1"])
    with pytest.raises(ValueError, match="MIN_SIZE_TEST"):
        get_cfg().merge_from_list(["INPUT.MIN_SIZE_TEST", "large"])


class Model:
    """A class built from arguments or from a config."""

    @configurable
    def __init__(self, *, seed: int, name: str = "plain") -> None:
        """Keeps its arguments."""
        self.seed, self.name = seed, name

    @classmethod
    def from_config(cls, cfg: CfgNode, name: str = "from config") -> dict[str, Any]:
        return {"seed": cfg.SEED, "name": name}


class Forwarding(Model):
    """Its `from_config` takes no name, so a name goes past it to `__init__`."""

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict[str, Any]:  # type: ignore[override]
        return {"seed": cfg.SEED, "name": "subclass"}


def test_configurable_init() -> None:
    for cls, kwargs, expected in [
        (Model, {}, (-1, "from config")),
        (Model, {"seed": 3}, (3, "from config")),
        (Model, {"name": "mine"}, (-1, "mine")),
        (Forwarding, {}, (-1, "subclass")),
        (Forwarding, {"name": "mine", "seed": 3}, (3, "mine")),
    ]:
        cfg = get_cfg()
        for model in (cls(cfg, **kwargs), cls(cfg=cfg, **kwargs)):
            assert (model.seed, model.name) == expected
    model = Model(seed=5)
    assert (model.seed, model.name) == (5, "plain")
    assert Model.__init__.__doc__ == "Keeps its arguments."


def test_configurable_refuses_other_arguments() -> None:
    with pytest.raises(TypeError, match="colour"):
        Model(get_cfg(), colour=1)
    with pytest.raises(TypeError):
        Forwarding(get_cfg(), "mine")


def test_configurable_needs_from_config() -> None:
    class Without:
        @configurable
        def __init__(self, a: int = 1) -> None: ...

    class WrongName(Without):
        @classmethod
        def from_config(cls, config: CfgNode) -> dict[str, Any]:
            return {}

    class NotClassmethod(Without):
        def from_config(self, cfg: CfgNode) -> dict[str, Any]:
            return {}

    with pytest.raises(AttributeError, match="from_config"):
        Without(a=1)
    with pytest.raises(TypeError, match="cfg"):
        WrongName(get_cfg())
    with pytest.raises(TypeError, match="classmethod"):
        NotClassmethod(a=1)


def test_configurable_function() -> None:
    def from_config(cfg: CfgNode, factor: int = 2) -> dict[str, Any]:
        return {"value": cfg.SEED * factor}

    @configurable(from_config=from_config)
    def build(value: int, *, offset: int = 0) -> int:
        return value + offset

    assert build(10) == 10
    assert build(get_cfg()) == -2
    assert build(cfg=get_cfg(), factor=5, offset=1) == -4
    assert build.from_config is from_config
