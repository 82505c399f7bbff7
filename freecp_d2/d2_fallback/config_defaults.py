"""
The default config: the keys for the evaluation of a semantic segmentation model.

Counterpart of `detectron2/config/defaults.py`, with the same names and values. Leaves out:
detection and panoptic heads, ResNet, FPN, anchors, proposals and the solver.
"""

from .config import CfgNode as CN  # noqa: N817 (the usual name)

_C = CN()
_C.VERSION = 2  # of the keys, not of the program

_C.MODEL = CN()
_C.MODEL.META_ARCHITECTURE = "GeneralizedRCNN"  # a name in META_ARCH_REGISTRY
_C.MODEL.DEVICE = "cuda"
_C.MODEL.WEIGHTS = ""  # path or URL of a checkpoint; build_model does not load it
_C.MODEL.PIXEL_MEAN = [103.530, 116.280, 123.675]  # in the order of INPUT.FORMAT, 0..255
_C.MODEL.PIXEL_STD = [1.0, 1.0, 1.0]
_C.MODEL.LOAD_PROPOSALS = False  # the mapper refuses True
_C.MODEL.MASK_ON = False
_C.MODEL.KEYPOINT_ON = False  # the mapper refuses True

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
