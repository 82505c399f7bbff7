"""
CfgNode, get_cfg and @configurable.

Counterpart of `detectron2/config/`. Leaves out: OmegaConf configs, LazyConfig, `instantiate`,
`global_cfg`, and the upgrade of v0 and v1 files (NotImplementedError).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import IO, Any

from fvcore.common.config import CfgNode as _CfgNode

from .utils import needs_detectron2
from .utils.file_io import PathManager

__all__ = ["CfgNode", "configurable", "get_cfg"]


class CfgNode(_CfgNode):
    """
    fvcore's config node (yacs with `_BASE_`), with two differences.

    YAML tags that run code are allowed by default, as in Detectron2, so inspect a stranger's file
    before merging it. A file states the version of its keys; only `VERSION: 2` is supported.
    """

    @classmethod
    def _open_cfg(cls, filename: str) -> IO[str]:
        return PathManager.open(filename, "r")

    def merge_from_file(self, cfg_filename: str, allow_unsafe: bool = True) -> None:
        """
        Merge a YAML file and the files it names under `_BASE_` into this node.

        Args:
            allow_unsafe: allow YAML tags that run code.

        Raises:
            AssertionError: the file does not exist, or is of a later version than this node.
            KeyError: the file has a key that this node lacks.
            NotImplementedError: the file is of an earlier version.
        """
        assert PathManager.isfile(cfg_filename), f"Config file '{cfg_filename}' does not exist!"
        loaded = type(self)(self.load_yaml_with_base(cfg_filename, allow_unsafe=allow_unsafe))
        version = loaded.get("VERSION", self.VERSION)
        assert version <= self.VERSION, (
            f"{cfg_filename} has VERSION: {version}, but only {self.VERSION} is known here."
        )
        if version < self.VERSION:
            raise needs_detectron2(f"{cfg_filename}, a config file of VERSION {version},")
        self.merge_from_other_cfg(loaded)


def get_cfg() -> CfgNode:
    """A copy of the default config, see `config_defaults.py`."""
    from .config_defaults import _C  # which imports CfgNode from here

    return _C.clone()


def configurable(
    init_func: Callable[..., None] | None = None, *, from_config: Callable | None = None
) -> Any:
    """
    Let a class or a function be called with a config in place of its arguments.

    A class has a classmethod `from_config(cls, cfg, ...)`, which returns keyword arguments of
    `__init__`: `A(a=1)` is the plain call, `A(cfg)` calls `from_config`, and `A(cfg, a=2)`
    overrides its result. Functions are given one: `@configurable(from_config=...)`.

    Raises:
        AttributeError: on construction, if the class has no `from_config`.
        TypeError: on construction, if `from_config` is not a classmethod, if its first parameter
            is not `cfg`, or if an argument is unknown.
    """
    if init_func is not None:
        plain_init = inspect.isfunction(init_func) and init_func.__name__ == "__init__"
        assert plain_init, "@configurable decorates __init__; a function needs from_config=..."
        assert from_config is None, "A class has its own from_config; pass none."
        return _wrap_init(init_func)
    if from_config is None:
        return configurable  # `@configurable()` is `@configurable`
    assert inspect.isfunction(from_config), f"from_config={from_config!r} is not a function."
    return functools.partial(_wrap_function, from_config=from_config)


def _wrap_init(init_func: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(init_func)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> None:
        name = type(self).__name__
        from_config = getattr(type(self), "from_config", None)
        if from_config is None:
            raise AttributeError(f"{name} is @configurable, so it needs a classmethod from_config.")
        if not inspect.ismethod(from_config):
            raise TypeError(
                f"{name}.from_config must be a classmethod, as {name} is @configurable."
            )
        if _called_with_cfg(*args, **kwargs):
            init_func(self, **_explicit_args(from_config, *args, **kwargs))
        else:
            init_func(self, *args, **kwargs)

    return wrapped


def _wrap_function(function: Callable, *, from_config: Callable) -> Callable:
    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if _called_with_cfg(*args, **kwargs):
            return function(**_explicit_args(from_config, *args, **kwargs))
        return function(*args, **kwargs)

    wrapped.from_config = from_config  # type: ignore[attr-defined]
    return wrapped


def _called_with_cfg(*args: Any, **kwargs: Any) -> bool:
    return isinstance(kwargs.get("cfg"), _CfgNode) or isinstance(next(iter(args), None), _CfgNode)


def _explicit_args(from_config: Callable, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """The result of `from_config`, overridden by the arguments that it does not accept."""
    parameters = inspect.signature(from_config).parameters
    if next(iter(parameters), None) != "cfg":
        owner = getattr(from_config, "__self__", None)
        name = f"{owner.__name__}.from_config" if owner else from_config.__name__
        raise TypeError(f"{name} must take 'cfg' as its first argument, got {list(parameters)}.")
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters.values()):
        return from_config(*args, **kwargs)
    accepted = {key: value for key, value in kwargs.items() if key in parameters}
    overrides = {key: value for key, value in kwargs.items() if key not in parameters}
    return {**from_config(*args, **accepted), **overrides}
