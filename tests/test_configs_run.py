"""Every benchmark loads in every layout of its folders; every config runs in one layout."""

import csv
import functools
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from freecp_d2.checkpoint import catalogue
from freecp_d2.d2 import DatasetCatalog, MetadataCatalog, build_model
from freecp_d2.data import BENCHMARKS, read_label
from freecp_d2.data.mapper import read_color_image
from freecp_d2.data.storybook import draw_scene
from freecp_d2.engine import build_checked, check_run, evaluate, load_config
from freecp_d2.evaluation import charts
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

NUM_IMAGES = 3
_OPTIONS = f"""
INPUT.MIN_SIZE_TEST 48 MODEL.CLIP.GEM_BLOCKS 2 MODEL.DEVICE cpu
TEST.IMAGES_PER_BATCH {NUM_IMAGES} TEST.LABEL_MAP True
"""
OPTIONS = [*SMALL, *_OPTIONS.split()]
"""Two windows an image; label maps, as `train_net.py` has them."""
STORYBOOK_PAGES = (1_000_000, 1_000_149)
"""Seeds of the first and the last page of `val`, which are two images spread evenly."""

_TABLES = ("confusion_matrix", "confusions", "per_class")
REPORTS = (*(f"{name}.csv" for name in _TABLES), "per_class.txt", "sem_seg_evaluation.pth")

each_benchmark = pytest.mark.parametrize("key", LAYOUTS)


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Tensors are so small that threads would mostly wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


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


@pytest.fixture
def no_heatmap(monkeypatch):
    """The image of the matrix takes seconds, and neither files nor config have a part in it."""
    monkeypatch.setattr(charts, "write_heatmap", lambda *args, **options: None)


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


@pytest.fixture
def tiny_weights(tiny_checkpoint, open_clip_weights, sam3_weights, tmp_path):
    """Path of a config -> the options that give its backbone and its affinity tiny weights."""

    def options(path):
        model = load_config(str(path)).MODEL
        if path.stem.startswith("sam3"):
            size = ["MODEL.PURIFIED.SIZE", "112", "MODEL.PURIFIED.STRIDE", "14"]
            return ["MODEL.SAM3.PRETRAINED", str(sam3_weights), *size]
        clip = ["MODEL.CLIP.PRETRAINED", str(tiny_checkpoint)]
        if model.BACKBONE.NAME == "TIPSViT":
            clip = ["MODEL.CLIP.ARCH", "tipsv2", clip[0], str(save_tips(tmp_path / "tips"))]
        elif model.BACKBONE.NAME == "CLIPResNet":
            clip[1] = str(save_state_dict(tmp_path / "resnet.pt", TINY_RESNET))
        elif model.CLIP.LIBRARY == "open_clip":
            arch, file = open_clip_weights
            clip = ["MODEL.CLIP.ARCH", arch, "MODEL.CLIP.PRETRAINED", file]
        name, source = model.AFFINITY_HEAD.NAME, {}
        if model.CLIP.DENSE_ATTENTION == "proxyclip":
            source = save_source(model.CLIP.PROXYCLIP.PROXY, tmp_path)
        elif name in OWN_ENCODERS and model.PURIFICATION_HEAD.NAME:
            source = save_source(name, tmp_path)
        items = ((f"MODEL.AFFINITY_HEAD.{key}", value) for key, value in source.items())
        return [*clip, *(word for item in items for word in item)]

    return options


class TestConfigs:
    @pytest.mark.usefixtures("no_heatmap")
    @pytest.mark.parametrize("path", ON_BENCHMARKS, ids=lambda p: f"{p.parent.name}/{p.stem}")
    def test_every_config_in_one_layout(self, path, miniature_of, use, tiny_weights, tmp_path):
        """The configs of a benchmark use its layouts in turn."""
        assert {path.parent.name for path in ON_BENCHMARKS} == LAYOUTS.keys()
        key = path.parent.name
        layouts = [*LAYOUTS[key]]
        number = ON_BENCHMARKS.index(path)
        miniature = miniature_of(key, layouts[number % len(layouts)])
        self.run(path, miniature, use, tiny_weights(path), tmp_path)

    @pytest.mark.usefixtures("no_heatmap")
    @each_benchmark
    def test_every_layout_with_one_config(self, key, miniature_of, use, tiny_weights, tmp_path):
        path, model, matrices = ROOT / "configs" / key / "sclip_freecp.yaml", None, []
        for layout in LAYOUTS[key]:
            folder = tmp_path / layout
            run, model = self.run(
                path, miniature_of(key, layout), use, tiny_weights(path), folder, model
            )
            matrices.append(run.matrix.tolist())
        assert all(matrix == matrices[0] for matrix in matrices), "layouts hold the same benchmark"

    def run(self, path, miniature, use, weights, folder, model=None):
        """Evaluate a config on a miniature, and check its results."""
        use(miniature)
        cfg = load_config(str(path), [*OPTIONS, *weights, "OUTPUT_DIR", str(folder)])
        assert list(cfg.DATASETS.TEST) == [f"freecp_{path.parent.name}_val"]
        checked = check_run(cfg)
        model = model or build_checked(checked).eval()
        run = Run(cfg, model)
        run.check(miniature.histogram, NUM_IMAGES)
        return run, model

    def test_the_matrix_is_drawn(self, miniature_of, use, tiny_checkpoint, tmp_path):
        """Once for all."""
        use(miniature_of("cityscapes", "mmseg"))
        options = [*OPTIONS, "MODEL.CLIP.PRETRAINED", str(tiny_checkpoint)]
        path = ROOT / "configs/cityscapes/sclip_freecp.yaml"
        cfg = load_config(str(path), [*options, "OUTPUT_DIR", str(tmp_path)])
        run = Run(cfg, build_model(cfg).eval())
        assert (run.folder / "confusion_matrix.png").stat().st_size

    @pytest.mark.skipif(not catalogue._WEIGHTS_DIR.is_dir(), reason="no weights in the package")
    @pytest.mark.usefixtures("no_heatmap")
    def test_every_config_of_storybook(self, tmp_path):
        """With its own weights, words, sizes and thresholds."""
        assert ON_STORYBOOK
        options = ["TEST.NUM_IMAGES", str(len(STORYBOOK_PAGES)), "TEST.LABEL_MAP", "True"]
        options += ["MODEL.DEVICE", "cpu", "DATALOADER.NUM_WORKERS", "0"]
        labels = np.stack([draw_scene(seed).labels for seed in STORYBOOK_PAGES])
        histogram = np.bincount(labels.ravel(), minlength=82)
        clip = None
        for path in ON_STORYBOOK:
            cfg = load_config(str(path), [*options, "OUTPUT_DIR", str(tmp_path / path.stem)])
            checked = check_run(cfg, clip)
            clip = checked.clip
            Run(cfg, build_checked(checked).eval()).check(histogram, len(STORYBOOK_PAGES))
