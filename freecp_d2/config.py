"""Every configuration key of freecp_d2, its default, and where it comes from."""

from .d2 import CfgNode


def add_freecp_config(cfg: CfgNode) -> None:
    """
    Add the keys of freecp_d2 to a Detectron2 config, in place, before or after another project's.

    Sources: "Sec.", "Eq.", "Tab." are the paper's. Where it is silent, "release" means that the
    default is what the authors' released program does. Keys that the config has are left alone;
    `configs/` sets those of Detectron2 (INPUT.MIN_SIZE_TEST and others).

    Raises:
        ValueError: the config has one of the keys with another value.
    """
    ours = CfgNode({"MODEL": {}, "INPUT": {}, "TEST": {"PAMR": {}}})
    sections = "CLIP TEXT AFFINITY_HEAD PURIFICATION_HEAD PURIFIED SAM3 SLIDING_WINDOW"
    for name in sections.split():
        ours.MODEL[name] = CfgNode()
    _add_clip(ours)
    _add_text(ours)
    _add_affinity_head(ours)
    _add_purification_head(ours)
    _add_hosts(ours)
    _add_test(ours)
    if taken := _add_missing(cfg.clone(), ours):
        raise ValueError(
            f"The config has {', '.join(taken)} with another value than freecp_d2's default. Set a "
            "value of ours in the YAML file; if another project has a key of this name, build its "
            "model from its own config and wrap it: PurifiedSegmentor(cfg, wrapped=model)."
        )
    _add_missing(cfg, ours)


def _add_missing(cfg: CfgNode, ours: CfgNode, prefix: str = "") -> list[str]:
    """Add the keys that `cfg` lacks; returns those that it has with another value."""
    taken = []
    for name, own in ours.items():
        if name not in cfg:
            setattr(cfg, name, own)
        elif isinstance(own, CfgNode) and isinstance(cfg[name], CfgNode):
            taken += _add_missing(cfg[name], own, f"{prefix}{name}.")
        elif cfg[name] != own or type(cfg[name]) is not type(own):
            taken.append(prefix + name)
    return taken


def _add_clip(cfg: CfgNode) -> None:
    # fp32 | fp16 | bf16 | auto (fp16 on CUDA, else fp32), of backbone and text tower; release: fp16
    cfg.MODEL.PRECISION = "fp32"
    # torch.compile of the blocks of CLIPViT and TIPSViT; not in the paper. Compiles at first use.
    cfg.MODEL.COMPILE = False
    cfg.MODEL.CLIP.LIBRARY = "clip"  # clip | open_clip | transformers (tipsv2): loads the weights
    cfg.MODEL.CLIP.ARCH = "ViT-B/16"  # Sec. 4.2, Tab. 6; a name of that library, or custom (clip)
    # A tag of that library (downloads), storybook (in the package; ARCH custom), or a path.
    cfg.MODEL.CLIP.PRETRAINED = "openai"
    # auto (INSTALL.md has the rule) | quick_gelu | gelu, of a file's blocks.
    cfg.MODEL.CLIP.ACTIVATION = "auto"
    cfg.MODEL.CLIP.LOGIT_SCALE = 0.0  # s of Eq. (1); 0: the weights' own (100 for OpenAI's)
    cfg.MODEL.CLIP.MERGES = ""  # file of merges, as CLIP's own; "": those of the weights (clip)
    cfg.MODEL.CLIP.DENSE_ATTENTION = "sclip"  # a base method; the registry DENSE_ATTENTION has all
    # Residual and MLP of the last block: freecp (release) | original (the method's own authors) |
    # custom (the two keys below). The paper does not say.
    cfg.MODEL.CLIP.DENSE_PRESET = "freecp"
    cfg.MODEL.CLIP.DENSE_RESIDUAL = False  # read when DENSE_PRESET is custom
    cfg.MODEL.CLIP.DENSE_MLP = True  # read when DENSE_PRESET is custom
    cfg.MODEL.CLIP.GEM_BLOCKS = 6  # the last blocks that GEM rewrites; its authors' value
    _add_base_methods(cfg)
    # auto | scale (bicubic by (h + 0.1) / g) | size_antialias (GEM's authors); auto is the release:
    # size_antialias with gem, else scale.
    cfg.MODEL.CLIP.POSITIONAL_EMBEDDING = "auto"


def _add_base_methods(cfg: CfgNode) -> None:
    """Keys of single base methods, read when DENSE_ATTENTION names them; their authors' values."""
    for name in ("NACLIP", "SFP", "PROXYCLIP", "CLIPTRASE", "RESCLIP"):
        cfg.MODEL.CLIP[name] = CfgNode()
    cfg.MODEL.CLIP.NACLIP.STD = 5.0  # of the Gaussian, in patches
    cfg.MODEL.CLIP.NACLIP.GAUSSIAN = "add"  # add | only (in place of the logits) | none
    cfg.MODEL.CLIP.SFP.ANOMALIES = "attention"  # attention | norm | outlier_factor (SC-CLIP's)
    # An affinity head with an encoder of its own, with its keys below AFFINITY_HEAD.
    cfg.MODEL.CLIP.PROXYCLIP.PROXY = "DINOAffinity"
    cfg.MODEL.CLIP.PROXYCLIP.SCOPE = ""  # a head with masks: patches attend within a region only
    cfg.MODEL.CLIP.PROXYCLIP.SHIFT = 1.2  # beta: times the mean similarity
    cfg.MODEL.CLIP.PROXYCLIP.SCALE = 3.0  # gamma
    # The complete program, alone: clusters (extra cliptrase) have the class of most of the pixels.
    cfg.MODEL.CLIP.CLIPTRASE.VOTE = False
    cfg.MODEL.CLIP.CLIPTRASE.RADIUS = 0.7  # eps of DBSCAN, windows of 224 pixels; of 336: 1.1
    cfg.MODEL.CLIP.CLIPTRASE.MIN_SAMPLES = 3  # of DBSCAN, windows of 224 pixels; of 336: 7
    cfg.MODEL.CLIP.CLIPTRASE.CLASS_TOKEN = False  # VOC20: True; scores times the class token's
    cfg.MODEL.CLIP.RESCLIP.ATTENTION = "naclip"  # naclip | clearclip | sclip: of the last block
    # Factors and shares, and the threshold below, are tuned for each benchmark.
    cfg.MODEL.CLIP.RESCLIP.RCS = [2.0, 0.3]  # of the middle layers
    cfg.MODEL.CLIP.RESCLIP.SFR = [2.1, 0.7]  # of the feedback
    cfg.MODEL.CLIP.RESCLIP.FEEDBACK = True  # the second pass; tokens then depend on the words
    cfg.MODEL.CLIP.RESCLIP.CONFIDENCE_THRESH = 0.25  # below it a pixel counts as word 0
    cfg.MODEL.CLIP.RESCLIP.LOGIT_SCALE = 40.0  # of these probabilities


def _add_text(cfg: CfgNode) -> None:
    # A shipped list's name, a path, or words ("cat, kitten; dog"); "": the dataset's own.
    cfg.MODEL.TEXT.VOCABULARY = ""
    cfg.MODEL.TEXT.TEMPLATES = "imagenet"  # imagenet (80, Sec. 4.2) | tcl (9) | simple (1)
    cfg.MODEL.TEXT.DESCRIPTIONS = ""  # JSON (Eq. 8), shipped name or path; "": templates (Tab. 4)
    cfg.MODEL.TEXT.WORD_DESCRIPTIONS = ""  # the same for the words of Eq. (1); "initial" in Tab. 4
    # A vocabulary's background words: class (a class of its own, score 1 - max; release) | words (a
    # class of its own, score of its best word; SCLIP, ClearCLIP; base methods alone) | distractor
    # (they join the softmax only).
    cfg.MODEL.TEXT.BACKGROUND = "class"
    # Below this score of the best class a pixel is background; SCLIP and ClearCLIP, which call it
    # prob_thd. The paper has none.
    cfg.MODEL.TEXT.BACKGROUND_THRESH = 0.0
    # Of Eq. (1): windows (each window's; the paper, the release) | image (of the cosines averaged
    # over windows, at the size of the result; base methods alone, as their authors).
    cfg.MODEL.TEXT.SOFTMAX = "windows"
    # Classes that win at most this share of an image's foreground are dropped; SCLIP and SC-CLIP,
    # which call it area_thd. For BACKGROUND words. The paper has none.
    cfg.MODEL.TEXT.MIN_AREA = 0.0
    cfg.MODEL.TEXT.CACHE_DIR = ""  # of text features; "": $FREECP_CACHE or ~/.cache/freecp_d2/text
    cfg.MODEL.TEXT.BATCH_SIZE = 256  # prompts in one forward


def _add_affinity_head(cfg: CfgNode) -> None:
    for name in ("CLIP_ATTENTION", "DINO", "SAM", "FEATURES", "TRANSFORMERS", "MASKFORMER"):
        cfg.MODEL.AFFINITY_HEAD[name] = CfgNode()
    cfg.MODEL.AFFINITY_HEAD.NAME = "CLIPAttentionAffinity"  # Tab. 5
    # Grid of Eqs. (3) to (8) where a base method has its own (ProxyCLIP): backbone (class maps are
    # resized to it) | maps (the affinity is resized to theirs). Not in the paper.
    cfg.MODEL.AFFINITY_HEAD.GRID = "backbone"
    cfg.MODEL.AFFINITY_HEAD.SINKHORN_STEPS = 3  # not in the paper; release, after CLIP-ES
    cfg.MODEL.AFFINITY_HEAD.SQUARINGS = 1  # not in the paper; release, after CLIP-ES
    # Eq. (2): layers of the mean, 0 the first, negative from the end. The paper does not say which;
    # empty is the release: all but the last.
    cfg.MODEL.AFFINITY_HEAD.CLIP_ATTENTION.LAYERS = []
    # Tab. 5 and Sec. 4 name the sources below; models, layers and sizes are not in the paper.
    cfg.MODEL.AFFINITY_HEAD.DINO.ARCH = "vit_base_patch16_224.dino"  # a DINO (v1 to v3) of timm
    # A name of the catalogue, a path, a URL, or timm (its own download).
    cfg.MODEL.AFFINITY_HEAD.DINO.PRETRAINED = "dino:vitb16"
    cfg.MODEL.AFFINITY_HEAD.DINO.SOURCE = "features"  # features (Sec. 4) | attention (as Eq. 2)
    cfg.MODEL.AFFINITY_HEAD.DINO.LAYERS = []  # of attention; as CLIP_ATTENTION.LAYERS
    # max(cosine, 0) to this power; not in the paper; above 1.0 near patches count for more.
    cfg.MODEL.AFFINITY_HEAD.DINO.COSINE_POWER = 1.0
    cfg.MODEL.AFFINITY_HEAD.DINO.INPUT_SIZE = 0  # shorter side, pixels; 0: the window's own
    cfg.MODEL.AFFINITY_HEAD.SAM.ARCH = "vit_b"  # vit_b | vit_l | vit_h
    cfg.MODEL.AFFINITY_HEAD.SAM.PRETRAINED = "sam:vit_b"  # name of the catalogue, path or URL
    cfg.MODEL.AFFINITY_HEAD.SAM.SOURCE = "features"  # features (Sec. 4) | masks (slow)
    cfg.MODEL.AFFINITY_HEAD.SAM.COSINE_POWER = 1.0  # as DINO.COSINE_POWER
    # Of masks: its square is how many points are decoded for every window; the library's default.
    cfg.MODEL.AFFINITY_HEAD.SAM.POINTS_PER_SIDE = 32
    cfg.MODEL.AFFINITY_HEAD.SAM.BATCH_SIZE = 1  # windows in one forward; gigabytes each
    cfg.MODEL.AFFINITY_HEAD.FEATURES.COSINE_POWER = 1.0  # as DINO.COSINE_POWER; FeatureAffinity
    cfg.MODEL.AFFINITY_HEAD.TRANSFORMERS.PRETRAINED = "sam2:hiera-base-plus"  # or a SAM 3; a folder
    cfg.MODEL.AFFINITY_HEAD.TRANSFORMERS.COSINE_POWER = 1.0  # as DINO.COSINE_POWER
    # MaskFormer, Mask2Former, EoMT: name of the catalogue, folder of a hub's snapshot, or hub name.
    cfg.MODEL.AFFINITY_HEAD.MASKFORMER.PRETRAINED = "maskformer:swin-base-coco"
    cfg.MODEL.AFFINITY_HEAD.MASKFORMER.INPUT_SIZE = 0  # as DINO.INPUT_SIZE


def _add_purification_head(cfg: CfgNode) -> None:
    for name in ("REGION", "REDUNDANCY", "IMAGE", "AMBIGUITY"):
        cfg.MODEL.PURIFICATION_HEAD[name] = CfgNode()
    cfg.MODEL.PURIFICATION_HEAD.NAME = "ClassPurification"  # "": the base method alone (Tab. 2)
    cfg.MODEL.PURIFICATION_HEAD.ORDER = "RP-AP"  # Tab. 3: RP-AP | AP-RP
    # Only classes that are in an image's ground truth are words of it: Tab. 1, "refine w/ GT" (with
    # both purifications off). An upper bound, not a method.
    cfg.MODEL.PURIFICATION_HEAD.ORACLE = False
    # The share of a map's maximum above which a patch is in a region; not in the paper; release.
    cfg.MODEL.PURIFICATION_HEAD.REGION.THRESH = 0.4
    # The last row and column are never inside a box. Release; the paper does not ask for it.
    cfg.MODEL.PURIFICATION_HEAD.REGION.EXCLUDE_LAST = True
    cfg.MODEL.PURIFICATION_HEAD.REDUNDANCY.ENABLED = True  # Sec. 3.3.1
    # fixed (THRESH) | auto (not in the paper), for images without a benchmark: each window's own,
    # where high scores part from low ones (Otsu's cut of log s, at most a tenth of the best).
    cfg.MODEL.PURIFICATION_HEAD.REDUNDANCY.MODE = "fixed"
    cfg.MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH = 0.05  # tau_r, Eq. (5); release, of ADE20K
    # Heads that choose the words of an image once; not in the paper, and not for ClassPurification.
    # ImageClassPurification: mean | max over windows of Eq. (5)'s scores, above REDUNDANCY.THRESH.
    cfg.MODEL.PURIFICATION_HEAD.IMAGE.POOLING = "mean"
    cfg.MODEL.PURIFICATION_HEAD.IMAGE.PRESENCE_THRESH = 0.5  # PresenceThreshold (SegEarth-OV3)
    cfg.MODEL.PURIFICATION_HEAD.IMAGE.SHARE = 0.2  # PresenceShare (ActiveSAM): of the words, and
    cfg.MODEL.PURIFICATION_HEAD.IMAGE.MAX_CLASSES = 40  # at most so many; fewer are all kept
    cfg.MODEL.PURIFICATION_HEAD.IMAGE.PROBABILITY_THRESH = 0.5  # BestProbability (RADSeg)
    cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.ENABLED = True  # Sec. 3.3.2
    # fixed (THRESH) | auto (not in the paper): each window's own, the largest with which each group
    # stands for a thing, by its scores.
    cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.MODE = "fixed"
    cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.THRESH = 0.7  # tau_a, Eq. (7); release, of ADE20K
    cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.CROP_SIZE = 112  # Sec. 3.3.2
    # region (the paper: losers are 0 inside the region) | window (release: a class that wins
    # nowhere leaves the window)
    cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.ELIMINATION = "region"


def _add_hosts(cfg: CfgNode) -> None:
    """Keys of other models and of their purification; none is in the paper."""
    # PurifiedSegmentor: purification of another model's scores. It reads AFFINITY_HEAD,
    # PURIFICATION_HEAD and SLIDING_WINDOW, too.
    cfg.MODEL.PURIFIED.META_ARCHITECTURE = ""  # the wrapped model, a name in META_ARCH_REGISTRY
    # What its "sem_seg" is: logits (softmax over channels) | probabilities (0 or more, as they are)
    cfg.MODEL.PURIFIED.SCORES = "logits"
    cfg.MODEL.PURIFIED.TEMPERATURE = 1.0  # logits are divided by it before the softmax
    # A channel that is no word; -1: 0 if the vocabulary has background words, else none.
    cfg.MODEL.PURIFIED.BACKGROUND_CHANNEL = -1
    # Where more than this share of a pixel's scores would go, all of them stay.
    cfg.MODEL.PURIFIED.MAX_REMOVED = 0.99
    # A CLIPBackbone, such as CLIPViT, for CLIPAttentionAffinity and Eq. (8); MODEL.CLIP describes
    # it, MODEL.BACKBONE is the wrapped model's. "": none, ambiguity groups stay undecided.
    cfg.MODEL.PURIFIED.CLIP = ""
    # Winner of an ambiguity group in a box: crop (Eq. 8, by CLIP) | score (best mean score there).
    cfg.MODEL.PURIFIED.WINNER = "crop"
    cfg.MODEL.PURIFIED.STRIDE = 16  # side of a patch in pixels, without a CLIP
    # Affinity and crops see an image at SIZE x SIZE pixels in all, its aspect kept: at 592 x 448
    # if it is 4:3, the size of Sec. 4.2.
    cfg.MODEL.PURIFIED.SIZE = 512
    # SAM3Segmentor reads TEXT.BACKGROUND and its thresholds, too.
    # A name of the catalogue, a hub name, or a folder of `save_pretrained` with its tokenizer.
    cfg.MODEL.SAM3.PRETRAINED = "sam3:sam3"
    # Words in one forward of the decoder: time and memory of the decoder, not the result.
    cfg.MODEL.SAM3.WORD_BATCH = 8


def _add_test(cfg: CfgNode) -> None:
    """Keys of windows, images and evaluation."""
    # Not below TEST: TEST.SLIDING_WINDOW is a bool in CAT-Seg and OVSeg.
    cfg.MODEL.SLIDING_WINDOW.SIZE = 384  # Sec. 4.2; pixels
    cfg.MODEL.SLIDING_WINDOW.STRIDE = 112  # Sec. 4.2; pixels
    # Windows in one forward (crops: the same pixels). 0: by the device, see modeling/windows.py.
    cfg.MODEL.SLIDING_WINDOW.BATCH_SIZE = 0
    # cv2 (bilinear, not antialiased: the literature's numbers) | pil (Detectron2's, antialiased)
    cfg.INPUT.RESIZE = "cv2"
    # Of an image with many bands: red, green and blue, or one, from 1. (): as the file says.
    cfg.INPUT.BANDS = []  # not in the paper
    # Of more than 8 bits: auto | full | percentiles | LOW:HIGH, see data/images/bit_depth.py.
    cfg.INPUT.VALUE_RANGE = "auto"  # not in the paper
    # A last step, pixel-adaptive mask refinement of the scores at the size of the result; NACLIP's
    # published numbers have it. The paper has none.
    cfg.TEST.PAMR.ENABLED = False  # NACLIP: True
    cfg.TEST.PAMR.ITERATIONS = 10  # NACLIP
    cfg.TEST.PAMR.DILATIONS = [8, 16]  # NACLIP; pixels of the result
    cfg.TEST.NUM_IMAGES = 0  # 0: all; else so many images, spread evenly over each dataset
    # An image that cannot be read or evaluated: stop | skip, which names it in results.json.
    cfg.TEST.ON_ERROR = "stop"
    cfg.TEST.IMAGES_PER_BATCH = 1  # images of one call of the model
    # Return an int64 label map (H, W), not scores (C, H, W). train_net.py switches it on.
    cfg.TEST.LABEL_MAP = False
    cfg.TEST.SAVE_PREDICTIONS = False  # write sem_seg_predictions.json (COCO RLE)
    cfg.TEST.BOUNDARY_IOU = False  # needs Detectron2
    # Also report mIoU with the truth in place of RP, of AP and of both, which takes time.
    cfg.TEST.ORACLES = True
