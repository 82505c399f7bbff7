"""
CfgNode, get_cfg and @configurable.

Counterpart of `detectron2/config/`. Leaves out: OmegaConf configs, LazyConfig, `instantiate`,
`global_cfg`, the upgrade of v0 and v1 files (NotImplementedError), and the keys of detection and
panoptic heads, ResNet, FPN, anchors, proposals and the solver.
"""

import functools
import inspect
from collections.abc import Callable
from typing import IO, Any

from fvcore.common.config import CfgNode as _CfgNode

from .utils import needs_detectron2
from .utils.file_io import PathManager


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

        AssertionError without a file or for a later VERSION, NotImplementedError for an older one.
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
    """A copy of the default config, `_C` below."""
    return _C.clone()


def configurable(
    init_func: Callable[..., None] | None = None, *, from_config: Callable | None = None
) -> Any:
    """
    Let a class or a function be called with a config in place of its arguments.

    A class has a classmethod `from_config(cls, cfg, ...)`, which returns keyword arguments of
    `__init__`: `A(a=1)` is the plain call, `A(cfg)` calls `from_config`, and `A(cfg, a=2)`
    overrides its result. Functions are given one: `@configurable(from_config=...)`.
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


CN = CfgNode

# As `detectron2/config/defaults.py`, same names and values: the keys for evaluating a semantic
# segmentation model, and those of a resolved config of such a run.
_C = CN()
_C.VERSION = 2  # of the keys, not of the program

_C.MODEL = CN()
_C.MODEL.META_ARCHITECTURE = "GeneralizedRCNN"  # a name in META_ARCH_REGISTRY
_C.MODEL.DEVICE = "cuda"
_C.MODEL.WEIGHTS = ""  # path or URL of a checkpoint; build_model does not load it
_C.MODEL.PIXEL_MEAN = [103.530, 116.280, 123.675]  # in the order of INPUT.FORMAT, 0..255
_C.MODEL.PIXEL_STD = [1.0, 1.0, 1.0]
_C.MODEL.LOAD_PROPOSALS = False
_C.MODEL.MASK_ON = False
_C.MODEL.KEYPOINT_ON = False

_C.MODEL.BACKBONE = CN()
_C.MODEL.BACKBONE.NAME = "build_resnet_backbone"  # a name in BACKBONE_REGISTRY
_C.MODEL.BACKBONE.FREEZE_AT = 2

_C.MODEL.SEM_SEG_HEAD = CN()
_C.MODEL.SEM_SEG_HEAD.NAME = "SemSegFPNHead"
_C.MODEL.SEM_SEG_HEAD.IN_FEATURES = ["p2", "p3", "p4", "p5"]
_C.MODEL.SEM_SEG_HEAD.IGNORE_VALUE = 255
_C.MODEL.SEM_SEG_HEAD.NUM_CLASSES = 54
_C.MODEL.SEM_SEG_HEAD.CONVS_DIM = 128
_C.MODEL.SEM_SEG_HEAD.COMMON_STRIDE = 4
_C.MODEL.SEM_SEG_HEAD.NORM = "GN"
_C.MODEL.SEM_SEG_HEAD.LOSS_WEIGHT = 1.0

_C.INPUT = CN()
_C.INPUT.MIN_SIZE_TRAIN = (800,)
_C.INPUT.MIN_SIZE_TRAIN_SAMPLING = "choice"
_C.INPUT.MAX_SIZE_TRAIN = 1333
_C.INPUT.MIN_SIZE_TEST = 800  # pixels of the shorter side; 0 keeps the image as it is
_C.INPUT.MAX_SIZE_TEST = 1333  # pixels, the maximum of the longer side
_C.INPUT.RANDOM_FLIP = "horizontal"
_C.INPUT.CROP = CN({"ENABLED": False})
_C.INPUT.CROP.TYPE = "relative_range"
_C.INPUT.CROP.SIZE = [0.9, 0.9]
_C.INPUT.FORMAT = "BGR"  # a mode of Pillow (RGB, L, ...) or BGR
_C.INPUT.MASK_FORMAT = "polygon"

_C.DATASETS = CN()
_C.DATASETS.TRAIN = ()
_C.DATASETS.PROPOSAL_FILES_TRAIN = ()
_C.DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TRAIN = 2000
_C.DATASETS.TEST = ()  # names in DatasetCatalog
_C.DATASETS.PROPOSAL_FILES_TEST = ()
_C.DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TEST = 1000

_C.DATALOADER = CN()
_C.DATALOADER.NUM_WORKERS = 4  # loader processes for each process of the run
_C.DATALOADER.ASPECT_RATIO_GROUPING = True
_C.DATALOADER.SAMPLER_TRAIN = "TrainingSampler"
_C.DATALOADER.REPEAT_THRESHOLD = 0.0
_C.DATALOADER.REPEAT_SQRT = True
_C.DATALOADER.FILTER_EMPTY_ANNOTATIONS = True

_C.TEST = CN()
_C.TEST.EXPECTED_RESULTS = []  # [[task, metric, value, tolerance], ...], see verify_results
_C.TEST.EVAL_PERIOD = 0
_C.TEST.KEYPOINT_OKS_SIGMAS = []
_C.TEST.DETECTIONS_PER_IMAGE = 100
_C.TEST.AUG = CN({"ENABLED": False})
_C.TEST.AUG.MIN_SIZES = (400, 500, 600, 700, 800, 900, 1000, 1100, 1200)
_C.TEST.AUG.MAX_SIZE = 4000
_C.TEST.AUG.FLIP = True
_C.TEST.PRECISE_BN = CN({"ENABLED": False})
_C.TEST.PRECISE_BN.NUM_ITER = 200

_C.OUTPUT_DIR = "./output"
_C.SEED = -1  # negative: a new one each run
_C.CUDNN_BENCHMARK = False
_C.FLOAT32_PRECISION = ""  # "", or highest | high | medium (torch.set_float32_matmul_precision)
_C.VIS_PERIOD = 0

_C.GLOBAL = CN()
_C.GLOBAL.HACK = 1.0
