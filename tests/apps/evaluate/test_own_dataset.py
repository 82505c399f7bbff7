"""An own dataset in a folder: evaluated by the command, in one process and in two."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from freecp_d2.apps.calibrate import main as calibrate
from freecp_d2.apps.evaluate import train_net
from freecp_d2.d2 import PathManager
from freecp_d2.data.images.reading import read_image
from freecp_d2.engine import load_config
from tests.helpers.command import AUTO_PORT, ROOT, run

pytestmark = pytest.mark.usefixtures("no_charts")
CONFIG = "configs/storybook/sclip_freecp.yaml"
ALONE = ("DATALOADER.NUM_WORKERS", "0")
SMALL = ("INPUT.MIN_SIZE_TEST", "96", "MODEL.TEXT.TEMPLATES", "simple", *ALONE)
"""One window an image, one prompt a word, no further processes."""
OWN_AFFINITY = ("--import", str(ROOT / "examples/color_position_affinity.py"))
SHARED = ROOT.parent / "shared/cases/own_dataset/good"
NAMES = ("sky", "hill", "field", "sheep", "cow", "sea")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Four drawn images with labels of six classes, as a user would keep them."""
    from freecp_d2.text import load_vocabulary

    root = tmp_path_factory.mktemp("own") / "photos"
    (root / "images").mkdir(parents=True), (root / "labels").mkdir()
    (root / "classes.txt").write_text("\n".join(NAMES))
    place = [load_vocabulary("storybook").class_names.index(name) for name in NAMES]
    table = np.full(256, 255, np.uint8)
    table[place] = range(len(NAMES))
    for number in range(4):
        with PathManager.open(f"storybook://val/images/{number:04d}.png", "rb") as file:
            Image.fromarray(read_image(file)).save(root / f"images/{number}.jpg", quality=95)
        with PathManager.open(f"storybook://val/labels/{number:04d}.png", "rb") as file:
            Image.fromarray(table[np.asarray(Image.open(file))]).save(root / f"labels/{number}.png")
    return root


def evaluate(folder, output, *options, opts=SMALL):
    command = ["--eval-only", "--config", str(ROOT / CONFIG), *AUTO_PORT, *options]
    command += ["DATASETS.TEST", f"folder:{folder}", "OUTPUT_DIR", str(output), *opts]
    if "--num-gpus" in options:
        result = run("train_net.py", *command)
        assert result.returncode == 0, result.stderr[-2000:]
    else:
        train_net(command)
    return json.loads((output / "results.json").read_text())["results"][f"folder:{folder}"]


@pytest.mark.slow
def test_one_process_and_two_agree(folder, tmp_path):
    """Every process registers the folder and imports the file, also that of a loader."""
    opts = (*SMALL, "MODEL.AFFINITY_HEAD.NAME", "ColorPositionAffinity")
    two = evaluate(folder, tmp_path / "two", *OWN_AFFINITY, "--num-gpus", "2", opts=opts)
    opts += ("DATALOADER.NUM_WORKERS", "1")
    one = evaluate(folder, tmp_path / "one", *OWN_AFFINITY, opts=opts)
    assert one["sem_seg"] == pytest.approx(two["sem_seg"], abs=0.5, nan_ok=True)
    matrices = [
        np.load(tmp_path / n / "inference/photos/confusion_matrix.npy") for n in ("one", "two")
    ]
    assert np.array_equal(*(m.sum(axis=0) for m in matrices))  # the same ground truth


def test_the_thresholds_are_chosen_on_a_part(folder, tmp_path, capsys):
    options = ("--redundancy", "0.02", "--ambiguity", "0.5", "--output-dir", str(tmp_path))
    options += ("--device", "cpu")
    opts = ("DATASETS.TEST", f"folder:{folder}", *SMALL)
    assert calibrate(["--config", str(ROOT / CONFIG), *options, *opts]) == 0
    text = capsys.readouterr().out
    assert "mIoU on the other 2 images" in text
    found = json.loads((tmp_path / "calibration.json").read_text())
    assert len(found["part"]) == len(found["rest"]) == 2
    assert not set(found["part"]) & set(found["rest"])
    assert found["tau_r"]["values"] == [0.02, 0.03]
    assert found["chosen"][0] == max(zip(found["tau_r"]["scores"], [0.02, 0.03], strict=True))[1]
    assert (tmp_path / "calibration.png").is_file()
    assert "DEVICE" not in (tmp_path / "thresholds.yaml").read_text()
    chosen = load_config(str(tmp_path / "thresholds.yaml"))
    assert (f"folder:{folder}",) == chosen.DATASETS.TEST
    assert chosen.INPUT.MIN_SIZE_TEST == 96
    assert found["chosen"][0] == chosen.MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH
    assert calibrate(["--config", str(tmp_path / "thresholds.yaml"), "--part", "0"]) == 2
    assert "--part 0.0" in capsys.readouterr().err


def test_calibrate_names_a_damaged_image(folder, tmp_path, capfd):
    """Its header is whole, so that it is found when its turn comes, here in another process."""
    damaged = shutil.copytree(folder, tmp_path / "photos")
    image = damaged / "images" / "0.png"
    Image.open(image.with_suffix(".jpg")).save(image)
    image.with_suffix(".jpg").unlink()
    content = bytearray(image.read_bytes())
    content[len(content) // 2] ^= 255
    image.write_bytes(content)
    options = ("--part", "0.75", "--redundancy", "0.02", "--ambiguity", "0.5", "--device", "cpu")
    opts = ("DATASETS.TEST", f"folder:{damaged}", "OUTPUT_DIR", str(tmp_path), *SMALL)
    assert calibrate(["--config", str(ROOT / CONFIG), "--num-gpus", "2", *options, *opts]) == 2
    error = capfd.readouterr().err
    assert f"error: {image}" in error
    assert "Traceback" not in error


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared example is not at hand")
def test_the_shared_example(tmp_path):
    """91.3 on five images with the weights in the package; others give another number."""
    found = evaluate(SHARED, tmp_path, opts=("TEST.NUM_IMAGES", "5", *ALONE))
    assert found["sem_seg"]["mIoU"] == pytest.approx(91.3, abs=0.1)
