"""The main job by its command: one process, two, torchrun; mistakes of users."""

import json
import logging
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from freecp_d2.apps import evaluate as train_net
from freecp_d2.engine import config_digest, load_config, plugins
from freecp_d2.modeling import text_head
from freecp_d2.modeling.backbone import clip_loading
from freecp_d2.text.text_encoder import TextEncoder
from freecp_d2.utils.files import locked
from tests.data.mini_ade import MiniADE
from tests.helpers.command import AUTO_PORT, CONFIG, ROOT, SMALL, run
from tests.helpers.random_clip import TINY, save_state_dict

pytestmark = pytest.mark.usefixtures("no_charts")
NUM_IMAGES = 12  # from the eleventh on, Detectron2 says how long it will take
ONE_PROMPT = ["MODEL.TEXT.DESCRIPTIONS", ""]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Images of different content, a tiny checkpoint, and the environment to use them."""
    root = tmp_path_factory.mktemp("train_net")
    MiniADE(root).add(NUM_IMAGES)
    environment = {"DETECTRON2_DATASETS": str(root), "FREECP_CACHE": str(root / "cache")}
    weights = save_state_dict(root / "clip.pt", TINY)
    return root, environment, ["MODEL.CLIP.PRETRAINED", str(weights), *SMALL, *ONE_PROMPT]


@pytest.fixture(scope="module")
def one_process(workspace):
    """The folder and the output of an evaluation in a process of its own."""
    root, environment, opts = workspace
    command = ["train_net.py", "--eval-only", "--config", CONFIG, *opts]
    result = run(*command, "OUTPUT_DIR", str(root / "one"), **environment)
    assert result.returncode == 0, result.stdout + result.stderr
    return root / "one", result.stdout


@pytest.fixture(scope="module")
def photos(workspace):
    """Options for images of three classes, whose charts are small; what one process finds."""
    root, environment, tiny = workspace
    random, folder = np.random.default_rng(0), root / "photos"
    for kind, shape in (("images", (24, 32, 3)), ("labels", (24, 32))):
        (folder / kind).mkdir(parents=True)
        for number in range(NUM_IMAGES):
            values = random.integers(0, 3, shape, dtype=np.uint8)
            image = Image.fromarray(values * 90 if kind == "images" else values)
            image.save(folder / kind / f"{number:02d}.png")
    (folder / "classes.txt").write_text("sky\ngrass\ntree\n")
    options = ["DATASETS.TEST", f"folder:{folder}"]
    with pytest.MonkeyPatch.context() as patch:
        evaluate_here(patch, environment, [*tiny, *options], root / "alone")
    return options, counts(root / "alone")


def counts(output):
    """The confusion matrix and the numbers of purification on `photos`."""
    folder = output / "inference" / "photos"
    matrix = np.load(folder / "confusion_matrix.npy").tolist()
    return matrix, (folder / "purification.csv").read_text()


def evaluate_here(patch, environment, opts, output):
    """Evaluate in this process, whose loggers stay as they are."""
    for key, value in environment.items():
        patch.setenv(key, value)
    patch.setattr(train_net.d2, "default_setup", lambda *args: None)
    patch.setattr(train_net.d2, "setup_logger", lambda *args, **kwargs: logging.getLogger())
    patch.setattr(plugins, "_sources", {})  # what other tests imported
    train_net.main(["--config", CONFIG, *opts, "OUTPUT_DIR", str(output)])


@pytest.fixture
def here(workspace, monkeypatch):
    """Evaluate in this process; what was loaded."""
    _, environment, tiny = workspace
    calls = []
    for module, name in (
        (train_net, "load_config"),
        (text_head, "load_vocabulary"),
        (clip_loading, "load_clip"),
    ):
        own = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *args, own=own, name=name: calls.append(name) or own(*args)
        )

    def call(output, *opts):
        evaluate_here(monkeypatch, environment, [*tiny, *opts], output)
        return calls

    return call


def confusion_matrix(output):
    return np.load(output / "inference" / "freecp_ade20k_val" / "confusion_matrix.npy")


def test_it_prints_progress_and_the_result(one_process):
    _, stdout = one_process
    assert re.search(r"Inference done \d+/12.*ETA=", stdout)
    names = r"mIoU,fwIoU,mACC,pACC,mIoU_mmseg[^\n]*"
    assert re.search(rf"copypaste: {names}\n.*copypaste: [\d.]+,", stdout)
    assert re.search(r"\| wall +\|", stdout), "the per-class table"
    assert stdout.count("Detectron2 back end") == 1


def test_it_leaves_a_record(workspace, one_process):
    output, _ = one_process
    assert "DENSE_ATTENTION: sclip" in (output / "config.yaml").read_text()
    assert "PyTorch" in (output / "environment.txt").read_text()
    assert "Inference done" in (output / "log.txt").read_text()
    folder = output / "inference" / "freecp_ade20k_val"
    assert "wall" in (folder / "per_class.txt").read_text()
    assert not (folder / "sem_seg_predictions.json").exists()
    assert "wall" in (folder / "confusion_matrix.csv").read_text()
    for chart in ("confusion_matrix.png", "redundancy.png"):
        assert (folder / chart).stat().st_size > 10_000
    assert "true,predicted,pixels" in (folder / "confusions.csv").read_text()
    text = (output / "results.json").read_text()
    record = json.loads(text, parse_constant=pytest.fail)  # NaN is not JSON
    assert record["images"]["freecp_ade20k_val"] == {"evaluated": NUM_IMAGES, "official": 2000}
    assert "12 images, officially 2000" in (output / "log.txt").read_text()
    assert record["vocabulary"]["name"] == "ade20k"
    scores = record["results"]["freecp_ade20k_val"]["sem_seg"]
    assert 0 <= scores["mIoU_mmseg"] <= scores["mIoU"] <= 100
    assert record["config"]["MODEL"]["CLIP"]["DENSE_ATTENTION"] == "sclip"
    assert record["seconds"]["freecp_ade20k_val"] > 0
    # A digest that is known before the run tells whether a record is of this config.
    assert record["config_sha256"] == config_digest(load_config(CONFIG, workspace[2]))


def test_every_labelled_pixel_is_scored(one_process):
    output, _ = one_process
    matrix = confusion_matrix(output)
    assert list((output.parent / "cache").rglob("*.safetensors")), "text features are cached"
    assert matrix.sum() == NUM_IMAGES * 24 * 32
    assert (matrix.sum(axis=1) > 0).sum() > 1, "one label everywhere would prove nothing"


def test_two_processes_of_torchrun_give_the_same_counts(workspace, photos, tmp_path):
    options, expected = photos
    _, environment, tiny = workspace
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
    command = ["train_net.py", "--eval-only", "--config", CONFIG, *tiny, *options]
    result = run(*torchrun, *command, "OUTPUT_DIR", str(tmp_path), **environment)
    assert result.returncode == 0, result.stdout + result.stderr
    assert counts(tmp_path) == expected


def test_a_part_of_the_images(here, tmp_path, caplog):
    """Config, words and CLIP are loaded once."""
    with caplog.at_level("INFO"):
        calls = here(tmp_path, "TEST.NUM_IMAGES", "5")
    assert sorted(calls) == ["load_clip", "load_config", "load_vocabulary"]
    assert f"5 of {NUM_IMAGES} images, evenly spread" in caplog.text
    record = json.loads((tmp_path / "results.json").read_text())
    assert record["images"]["freecp_ade20k_val"] == {"evaluated": 5, "official": 2000}
    assert confusion_matrix(tmp_path).sum() == 5 * 24 * 32


def num_stored(output):
    """Images whose results are in the folder of a run."""
    return sum(path.read_bytes().count(b"\n") for path in output.glob("partial/*.jsonl"))


def test_a_killed_run_of_two_is_resumed_in_one(workspace, photos, here, tmp_path, caplog):
    _, environment, tiny = workspace
    options, expected = photos
    command = [sys.executable, "train_net.py", "--eval-only", "--config", CONFIG, *AUTO_PORT]
    process = subprocess.Popen(
        [*command, "--num-gpus", "2", *tiny, *options, "OUTPUT_DIR", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while process.poll() is None and not num_stored(tmp_path):
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    with locked(tmp_path / ".evaluation.lock"):  # until the other process has ended, too
        found = num_stored(tmp_path)
    assert found > 0
    with pytest.raises(SystemExit, match=r"INPUT\.RESIZE is 'pil', was not set"):
        here(tmp_path, *options, "INPUT.RESIZE", "pil", "--resume")
    with caplog.at_level("INFO"):
        here(tmp_path, *options, "--resume")
    assert f"{found} images are evaluated already, {NUM_IMAGES - found} to go" in caplog.text
    assert counts(tmp_path) == expected
    record = json.loads((tmp_path / "results.json").read_text())
    assert record["environment"]["processes"] == 1


def test_nothing_is_trained():
    with pytest.raises(SystemExit, match=r"error: nothing is trained here.* Add --eval-only"):
        train_net.train_net(["--config", CONFIG])


def check(*arguments: str) -> None:
    train_net.check(train_net.build_parser().parse_args(["--eval-only", *arguments]))


def test_wrong_command_lines_are_explained(monkeypatch, tmp_path):
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path))
    (tmp_path / "typo.yaml").write_text("MODEL: {CLIP: {DENSE_PRESETS: original}}\nVERSION: 2\n")
    (tmp_path / "two.txt").write_text("cat\ndog\n")
    (tmp_path / "none.txt").write_text("# nothing here\n")
    words = f"--config {CONFIG} MODEL.TEXT.VOCABULARY"
    for arguments, error, message in [
        ("", ValueError, "--config NAME"),
        ("--config configs/none.yaml", FileNotFoundError, "ade20k/sclip_freecp"),
        (f"--num-gpus 4096 --config {CONFIG}", ValueError, "--num-gpus 4096.*this machine"),
        (f"--num-gpus 0 --config {CONFIG}", ValueError, "use 1 or more"),
        (
            f"--config {CONFIG} MODEL.CLIP.DENSE_ATENTION gem",
            KeyError,
            r"DENSE_ATENTION.*did you mean MODEL.CLIP.DENSE_ATTENTION\?",
        ),
        (f"--config {tmp_path}/typo.yaml", KeyError, r"typo.yaml.*did you mean .*DENSE_PRESET\?"),
        (f"--config {CONFIG} DATASETS.TEST ()", ValueError, "DATASETS.TEST is empty"),
        (f"--config {CONFIG} DATASETS.TEST ('ade',)", KeyError, "freecp_ade20k_val"),
        (f"--config {CONFIG}", FileNotFoundError, "(?s)ADEChallengeData2016.*validation"),
        (f"{words} no_such_list", FileNotFoundError, "no_such_list"),
        (f"{words} {tmp_path}/none.txt", ValueError, "none.txt.*(empty|no class)"),
        (f"{words} {tmp_path}/two.txt", ValueError, "freecp_ade20k_val has 150.*gives 2"),
    ]:
        with pytest.raises(error, match=message):
            check(*arguments.split())


def test_a_broken_image_is_named_before_the_run(monkeypatch, tmp_path):
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path))
    data = MiniADE(tmp_path)
    data.add(2)
    path = data.image(2)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"ADE_val_00000002\.jpg"):
        check("--config", CONFIG)


def test_wrong_models_are_explained(workspace, monkeypatch, tmp_path):
    _, environment, tiny = workspace
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setattr(TextEncoder, "forward", None)  # found before words are encoded
    two = ["--num-gpus", "2", "--config", CONFIG, *tiny, "MODEL.CLIP.ARCH", "ViT-B/16"]
    with pytest.raises(SystemExit, match=r"error: .*ViT-B/16"):  # before processes start
        train_net.main(two)
    for opts, message in [
        ("MODEL.CLIP.ARCH ViT-B/16", r"ViT-B/16.*\(768, 12, 16, 224\)"),
        ("MODEL.CLIP.PRETRAINED nowhere/ViT-B-16.pt", "nowhere/ViT-B-16.pt.*neither a file"),
        ("MODEL.CLIP.DENSE_ATTENTION gemm", "MODEL.CLIP.DENSE_ATTENTION.*gemm"),
        ("MODEL.PRECISION fp8", "fp8.*fp32"),
        ("MODEL.CLIP.DENSE_ATTENTION gem MODEL.CLIP.GEM_BLOCKS 0", "GEM_BLOCKS is 0"),
        ("MODEL.CLIP.LIBRARY open_clip MODEL.CLIP.ARCH ViT-B-32", "weights of ViT-B-32"),
        ("MODEL.WEIGHTS ViT-B-16.pt", "use MODEL.CLIP.PRETRAINED"),
        ("MODEL.DEVICE gpu", 'MODEL.DEVICE="gpu"'),
        ("MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH 5.0", "REDUNDANCY.THRESH is 5.0"),
        ("MODEL.AFFINITY_HEAD.SINKHORN_STEPS -3", "SINKHORN_STEPS.*-3"),
        ("MODEL.PURIFICATION_HEAD.AMBIGUITY.CROP_SIZE 4", "at least one patch"),
        ("MODEL.TEXT.DESCRIPTIONS nowhere.json", "nowhere.json"),
        ("MODEL.SLIDING_WINDOW.STRIDE 100", "gaps between windows"),
        ("TEST.IMAGES_PER_BATCH 0", "IMAGES_PER_BATCH is 0"),
        ("TEST.NUM_IMAGES -1", "NUM_IMAGES is -1"),
        ("INPUT.RESIZE cv", "INPUT.RESIZE"),
    ]:
        with pytest.raises(SystemExit, match=message):
            train_net.main(["--config", CONFIG, *tiny, "OUTPUT_DIR", str(tmp_path), *opts.split()])
