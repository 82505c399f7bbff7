"""Every benchmark loads in every layout of its folders; every config is checked, each kind runs."""

import csv
import functools
import json
import logging
from pathlib import Path

import numpy as np
import pytest
import torch

from freecp_d2.checkpoint import catalogue
from freecp_d2.d2 import DatasetCatalog, MetadataCatalog
from freecp_d2.data import BENCHMARKS, read_label
from freecp_d2.data.mapper import read_color_image
from freecp_d2.data.storybook import draw_scene
from freecp_d2.engine import build_checked, check_run, checks, evaluate, load_config
from tests.helpers.command import ROOT, SMALL
from tests.helpers.miniatures import LAYOUTS, NUM_CLASSES, make_miniature
from tests.helpers.random_affinity import OWN_ENCODERS, save_source
from tests.helpers.random_clip import TINY_RESNET, save_state_dict
from tests.helpers.random_open_clip import TINY_OPEN_CLIP, random_open_clip, registered
from tests.helpers.random_sam3 import save_sam3
from tests.helpers.random_tips import save_tips

CONFIGS = sorted(path for path in ROOT.glob("configs/*/*.yaml") if path.stem[:5] != "Base-")
ON_STORYBOOK = [path for path in CONFIGS if path.parent.name == "storybook"]
ON_BENCHMARKS = [path for path in CONFIGS if path not in ON_STORYBOOK]

_NAMED: dict[str, list[Path]] = {}
for _path in ON_BENCHMARKS:
    _NAMED.setdefault(_path.stem, []).append(_path)
SAMPLE = {paths[number % len(paths)] for number, paths in enumerate(_NAMED.values())}
"""One config of each name, of the benchmarks in turn."""

NUM_IMAGES = 3
_OPTIONS = f"""
INPUT.MIN_SIZE_TEST 48 MODEL.CLIP.GEM_BLOCKS 2 MODEL.DEVICE cpu
TEST.IMAGES_PER_BATCH {NUM_IMAGES} TEST.LABEL_MAP True
"""
OPTIONS = [*SMALL, *_OPTIONS.split()]
"""Two windows an image; label maps, as `train_net.py` has them."""
ONE_PROMPT = ["MODEL.TEXT.DESCRIPTIONS", ""]
"""For runs: descriptions are 15 prompts a word."""
STORYBOOK_PAGE = 1_000_000
"""Seed of the first page of `val`."""

_TABLES = ("confusion_matrix", "confusions", "per_class")
REPORTS = (*(f"{name}.csv" for name in _TABLES), "per_class.txt", "sem_seg_evaluation.pth")

pytestmark = pytest.mark.usefixtures("no_charts")
each_benchmark = pytest.mark.parametrize("key", LAYOUTS)


@pytest.fixture(scope="module")
def miniature_of(tmp_path_factory):
    """(key, layout) -> a miniature in a folder of its own."""

    @functools.cache
    def make(key, layout):
        return make_miniature(tmp_path_factory.mktemp(f"{key}_{layout}"), key, layout, NUM_IMAGES)

    return make


@pytest.fixture
def use(monkeypatch):
    """Let `DETECTRON2_DATASETS` be a miniature's folder, and list the benchmark."""

    def load(miniature):
        monkeypatch.setenv("DETECTRON2_DATASETS", str(miniature.root))
        return DatasetCatalog.get(f"freecp_{miniature.key}_val")

    return load


def check_records(records, miniature):
    """Sizes and train ids."""
    assert [(r["height"], r["width"]) for r in records] == miniature.sizes
    for record, truth in zip(records, miniature.truths, strict=True):
        label = read_label(record["sem_seg_file_name"], encoding=record["label_encoding"])
        np.testing.assert_array_equal(label, truth)


class TestLoaders:
    @each_benchmark
    def test_every_layout(self, key, miniature_of, use):
        """Files, sizes, train ids, and images as displayed."""
        for layout in LAYOUTS[key]:
            miniature = miniature_of(key, layout)
            records = use(miniature)
            assert [r["file_name"] for r in records] == [str(path) for path in miniature.images]
            assert [r["sem_seg_file_name"] for r in records] == [str(p) for p in miniature.labels]
            check_records(records, miniature)
            for record, photo in zip(records, miniature.photos, strict=True):
                image = read_color_image(record["file_name"], "RGB")
                assert image.shape == photo.shape
                assert np.abs(image.astype(int) - photo).mean() < 4, "JPEG's losses"

    def test_benchmarks_share_one_root(self, tmp_path, use):
        """And all layouts."""
        for key in LAYOUTS:
            for layout in LAYOUTS[key]:
                make_miniature(tmp_path, key, layout)
        for key in LAYOUTS:
            miniature = make_miniature(tmp_path, key)
            check_records(use(miniature), miniature)

    def test_every_folder_of_the_table_is_in_a_layout(self):
        assert {key: row.num_classes for key, row in BENCHMARKS.items()} == NUM_CLASSES
        layouts = {key: LAYOUTS[key].values() for key in LAYOUTS}
        every_image = {(one.images, one.image_suffix) for many in layouts.values() for one in many}
        for key, row in BENCHMARKS.items():
            labels = {(layout.labels.folder, layout.labels.suffix) for layout in layouts[key]}
            assert {(folder.path, folder.suffix) for folder in row.labels} == labels
            images = {(layout.images, layout.image_suffix) for layout in layouts[key]}
            listed = {(folder.path, folder.suffix) for folder in row.images}
            assert images <= listed <= every_image, "VOC21 and VOC20 share theirs, for instance"


class Run:
    """One evaluation's files, and what holds of every one."""

    def __init__(self, cfg, model):
        (self.name,) = cfg.DATASETS.TEST
        self.results = evaluate(cfg, model)[self.name]["sem_seg"]
        output = Path(cfg.OUTPUT_DIR)
        self.folder = output / "inference" / self.name
        self.matrix = np.load(self.folder / "confusion_matrix.npy")
        self.record = json.loads((output / "results.json").read_text(encoding="utf-8"))

    def check(self, histogram, num_images):
        """Every labelled pixel is scored, nothing is left unsaid, and it is written down."""
        num_classes = len(histogram) - 1
        assert self.matrix.sum(axis=0).tolist() == histogram.tolist()
        assert self.matrix[num_classes].sum() == 0, "each pixel is predicted a class"
        names = MetadataCatalog.get(self.name).stuff_classes
        assert len(names) == num_classes
        found = [key.removeprefix("IoU-") for key in self.results if key.startswith("IoU-")]
        assert found == names
        assert all(0 <= self.results[key] <= 100 for key in ("mIoU", "mIoU_mmseg", "pACC"))
        assert [name for name in REPORTS if not (self.folder / name).stat().st_size] == []
        with open(self.folder / "per_class.csv", encoding="utf-8", newline="") as file:
            assert [row["class"] for row in csv.DictReader(file)] == names
        assert self.record["images"][self.name]["evaluated"] == num_images
        written = self.record["results"][self.name]["sem_seg"]
        assert written["mIoU"] == pytest.approx(self.results["mIoU"])


@pytest.fixture(scope="module")
def open_clip_weights(tmp_path_factory):
    """Name of an architecture that open_clip knows, and a file of its weights."""
    folder, arch = tmp_path_factory.mktemp("open_clip"), "freecp-tests-config"
    with registered(folder / "configs", {arch: TINY_OPEN_CLIP}):
        torch.save(random_open_clip(arch).state_dict(), folder / "weights.pt")
        yield arch, str(folder / "weights.pt")


@pytest.fixture(scope="module")
def sam3_weights(tmp_path_factory):
    return save_sam3(tmp_path_factory.mktemp("sam3"))


@pytest.fixture(scope="module")
def tiny_weights(tiny_checkpoint, open_clip_weights, sam3_weights, tmp_path_factory):
    """Path of a config -> the options that give its backbone and its affinity tiny weights."""
    folder = tmp_path_factory.mktemp("weights")
    tips, resnet = save_tips(folder / "tips"), save_state_dict(folder / "resnet.pt", TINY_RESNET)
    sources = functools.cache(lambda name: save_source(name, folder))

    def options(path):
        model = load_config(str(path)).MODEL
        if path.stem.startswith("sam3"):
            size = ["MODEL.PURIFIED.SIZE", "112", "MODEL.PURIFIED.STRIDE", "14"]
            return ["MODEL.SAM3.PRETRAINED", str(sam3_weights), *size]
        clip = ["MODEL.CLIP.PRETRAINED", str(tiny_checkpoint)]
        if model.BACKBONE.NAME == "TIPSViT":
            clip = ["MODEL.CLIP.ARCH", "tipsv2", clip[0], str(tips)]
        elif model.BACKBONE.NAME == "CLIPResNet":
            clip[1] = str(resnet)
        elif model.CLIP.LIBRARY == "open_clip":
            arch, file = open_clip_weights
            clip = ["MODEL.CLIP.ARCH", arch, "MODEL.CLIP.PRETRAINED", file]
        name, source = model.AFFINITY_HEAD.NAME, {}
        if model.CLIP.DENSE_ATTENTION == "proxyclip":
            source = sources(model.CLIP.PROXYCLIP.PROXY)
        elif name in OWN_ENCODERS and model.PURIFICATION_HEAD.NAME:
            source = sources(name)
        items = ((f"MODEL.AFFINITY_HEAD.{key}", value) for key, value in source.items())
        return [*clip, *(word for item in items for word in item)]

    return options


class TestConfigs:
    def test_every_config_is_checked(self, miniature_of, use, tiny_weights, tmp_path, monkeypatch):
        """All that is found before the first image, with tiny weights; of SAM 3 the keys alone."""
        assert {path.parent.name for path in ON_BENCHMARKS} == LAYOUTS.keys()
        monkeypatch.setattr(checks, "check_dataset", lambda *args, **options: None)
        clip = None
        for path in sorted(ON_BENCHMARKS, key=lambda path: path.stem):  # by the kind of CLIP
            logging.warning(path)  # pytest shows the last one if it fails
            key = path.parent.name
            use(miniature_of(key, "mmseg"))
            cfg = load_config(
                str(path), [*OPTIONS, *tiny_weights(path), "OUTPUT_DIR", str(tmp_path)]
            )
            assert list(cfg.DATASETS.TEST) == [f"freecp_{key}_val"]
            if not path.stem.startswith("sam3"):
                clip = check_run(cfg, clip).clip

    @pytest.mark.parametrize(
        "chosen",
        [SAMPLE, pytest.param(ON_BENCHMARKS, marks=pytest.mark.slow)],
        ids=["one of each name", "all"],
    )
    @each_benchmark
    def test_they_run(self, key, chosen, miniature_of, use, tiny_weights, tmp_path):
        """The configs of a benchmark use its layouts in turn."""
        layouts, options = [*LAYOUTS[key]], [*OPTIONS, *ONE_PROMPT]
        paths = sorted(path for path in chosen if path.parent.name == key)
        assert len(paths) >= len(layouts)
        for number, path in enumerate(paths):
            logging.warning(path)
            miniature = miniature_of(key, layouts[number % len(layouts)])
            use(miniature)
            output = ["OUTPUT_DIR", str(tmp_path / path.stem)]
            checked = check_run(load_config(str(path), [*options, *tiny_weights(path), *output]))
            run = Run(checked.cfg, build_checked(checked).eval())
            run.check(miniature.histogram, NUM_IMAGES)

    @each_benchmark
    def test_layouts_hold_the_same_benchmark(self, key, miniature_of, use, tiny_weights, tmp_path):
        path, model, matrices = ROOT / "configs" / key / "sclip_freecp.yaml", None, []
        options = [*OPTIONS, *ONE_PROMPT]
        for layout in LAYOUTS[key]:
            use(miniature_of(key, layout))
            output = ["OUTPUT_DIR", str(tmp_path / layout)]
            checked = check_run(load_config(str(path), [*options, *tiny_weights(path), *output]))
            model = model or build_checked(checked).eval()
            matrices.append(Run(checked.cfg, model).matrix.tolist())
        assert all(matrix == matrices[0] for matrix in matrices)

    @pytest.mark.slow
    @pytest.mark.skipif(not catalogue._WEIGHTS_DIR.is_dir(), reason="no weights in the package")
    def test_every_config_of_storybook(self, tmp_path):
        """With its own weights, words and thresholds, on one page of a few windows."""
        assert ON_STORYBOOK
        options = ["TEST.NUM_IMAGES", "1", "TEST.LABEL_MAP", "True", "INPUT.MIN_SIZE_TEST", "96"]
        options += ["MODEL.DEVICE", "cpu", "DATALOADER.NUM_WORKERS", "0", *ONE_PROMPT]
        histogram = np.bincount(draw_scene(STORYBOOK_PAGE).labels.ravel(), minlength=82)
        clip = None
        for path in ON_STORYBOOK:
            logging.warning(path)
            cfg = load_config(str(path), [*options, "OUTPUT_DIR", str(tmp_path / path.stem)])
            checked = check_run(cfg, clip)
            clip = checked.clip
            Run(cfg, build_checked(checked).eval()).check(histogram, 1)
