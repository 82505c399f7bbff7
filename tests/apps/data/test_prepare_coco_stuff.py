"""datasets/prepare_coco_stuff.py on label maps made by hand, and killed half-way."""

import os
import signal
import time

import numpy as np
import pytest

from .label_files import files, read, truncate, write, write_indexed

SCRIPT = "prepare_coco_stuff"
GAPS = [11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90]
RAW_164K = "coco_stuff164k/annotations/val2017"
RAW = "coco/stuffthingmaps/val2017"
CONVERTED = "coco/stuffthingmaps_detectron2/val2017"


class TestValues:
    def test_each_has_its_train_id(self, root, run):
        values = [value for value in range(182) if value not in GAPS]
        assert len(values) == 171
        write(root / RAW / "000000000139.png", [[*values, 255]])
        assert run(SCRIPT)[0] == 0
        assert read(root / CONVERTED / "000000000139.png") == [[*range(171), 255]]

    @pytest.mark.parametrize(
        ("raw", "train"), [(0, 0), (10, 10), (12, 11), (89, 79), (91, 80), (181, 170), (255, 255)]
    )
    def test_known_ones(self, root, run, raw, train):
        write(root / RAW / "1.png", [[raw]])
        run(SCRIPT)
        assert read(root / CONVERTED / "1.png") == [[train]]

    @pytest.mark.parametrize("value", [*GAPS, 182, 254])
    def test_others_are_no_coco_stuff(self, root, run, value):
        write(root / RAW / "good.png", [[0, 1]])
        bad = write(root / RAW / "bad.png", [[0, value]])
        status, printed = run(SCRIPT)
        assert status == 1
        assert f"{bad}: pixel value {value}; expected" in printed
        assert files(root / CONVERTED) == ["good.png"]


class TestFiles:
    def test_an_indexed_one(self, root, run):
        write_indexed(root / RAW / "1.png", [[0, 91], [181, 255]])
        run(SCRIPT)
        assert read(root / CONVERTED / "1.png") == [[0, 80], [170, 255]]

    def test_one_of_16_bits(self, root, run):
        write(root / RAW / "1.png", [[0, 181]], dtype=np.uint16)
        run(SCRIPT)
        assert read(root / CONVERTED / "1.png") == [[0, 170]]

    def test_unusable_ones_are_named_and_the_others_done(self, root, run):
        write(root / RAW / "1.png", [[0]])
        write(root / RAW / "2.png", np.random.default_rng(0).integers(0, 10, (64, 64)))
        truncate(root / RAW / "2.png")
        write(root / RAW / "3.png", np.zeros((2, 2, 3)))
        (root / RAW / "4.png").write_bytes(b"not an image")
        write(root / RAW / "5.png", [[300]], dtype=np.uint16)
        write(root / RAW / "6.png", [[181]])
        status, printed = run(SCRIPT)
        assert status == 1
        assert "2 files written" in printed
        assert "4 could not be converted" in printed
        for name, problem in [("2", "truncated"), ("3", "RGB"), ("4", "label map"), ("5", "300")]:
            (line,) = [line for line in printed.splitlines() if f"{name}.png: " in line]
            assert problem in line
        assert files(root / CONVERTED) == ["1.png", "6.png"]

    def test_mended_they_are_all_that_is_converted(self, root, run):
        write(root / RAW / "1.png", [[0]])
        write(root / RAW / "2.png", [[11]])
        assert run(SCRIPT)[0] == 1
        before = (root / CONVERTED / "1.png").stat().st_mtime_ns
        write(root / RAW / "2.png", [[12]])
        status, printed = run(SCRIPT)
        assert status == 0
        assert "1 files written" in printed
        assert "1 were there already" in printed
        assert (root / CONVERTED / "1.png").stat().st_mtime_ns == before
        assert read(root / CONVERTED / "2.png") == [[11]]

    def test_overwrite(self, root, run):
        write(root / RAW / "1.png", [[0]])
        run(SCRIPT)
        write(root / RAW / "1.png", [[5]])
        run(SCRIPT)
        assert read(root / CONVERTED / "1.png") == [[0]]
        run(SCRIPT, "--overwrite")
        assert read(root / CONVERTED / "1.png") == [[5]]


class TestFolders:
    def test_mmsegmentation(self, root, run):
        write(root / RAW_164K / "1.png", [[12]])
        write(root / RAW_164K / "2_labelTrainIds.png", [[11]])  # of an earlier run
        write(root / RAW_164K / "2_instanceTrainIds.png", [[0]])
        write(root / RAW_164K / ".hidden.png", [[0]])
        write(root / RAW / "3.png", [[0]])
        assert run(SCRIPT)[0] == 0
        assert files(root / RAW_164K) == [
            ".hidden.png",
            "1.png",
            "1_labelTrainIds.png",
            "2_instanceTrainIds.png",
            "2_labelTrainIds.png",
        ]
        assert read(root / RAW_164K / "1_labelTrainIds.png") == [[11]]
        assert not (root / CONVERTED).exists()

    def test_cat_seg(self, root, run):
        write(root / "coco-stuff/annotations/val2017/1.png", [[12]])
        run(SCRIPT)
        assert read(root / "coco-stuff/annotations_detectron2/val2017/1.png") == [[11]]

    def test_root(self, root, run, tmp_path_factory):
        other = tmp_path_factory.mktemp("other")
        write(other / RAW / "1.png", [[12]])
        run(SCRIPT, "--root", str(other))
        assert read(other / CONVERTED / "1.png") == [[11]]

    def test_splits_do_not_need_each_other(self, root, run):
        write(root / RAW / "1.png", [[12]])
        run(SCRIPT)
        assert files(root) == [f"{RAW}/1.png", f"{CONVERTED}/1.png"]
        write(root / "coco/stuffthingmaps/train2017/9.png", [[13]])
        run(SCRIPT, "--split", "train")
        assert files(root / "coco/stuffthingmaps_detectron2") == [
            "train2017/9.png",
            "val2017/1.png",
        ]

    def test_nothing_there(self, root, run):
        with pytest.raises(SystemExit) as stop:
            run(SCRIPT)
        message = str(stop.value.code)
        for part in (RAW_164K, RAW, "coco-stuff/annotations/val2017", str(root), "nightrome"):
            assert part in message
        assert "datasets/README.md" in message


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def descendants(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        children = [int(child) for child in file.read().split()]
    return [*children, *(pid for child in children for pid in descendants(child))]


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="asks Linux for processes")
class TestEndedHalfWay:
    """A source that is a named pipe keeps the process that opens it waiting."""

    COUNT = 60

    def make_sources(self, root):
        rng = np.random.default_rng(0)
        values = [rng.choice([0, 12, 91, 181, 255], (8, 8)) for _ in range(self.COUNT)]
        for i, value in enumerate(values):
            write(root / RAW / f"{i:03d}.png", value)
        pipe = root / RAW / "040.png"
        pipe.unlink()
        os.mkfifo(pipe)
        return values, pipe

    def num_converted(self, root):
        return len(list((root / CONVERTED).glob("*.png")))

    def test_killed(self, root, start):
        values, pipe = self.make_sources(root)
        process = start(SCRIPT, "--workers", "2")
        wait_for(lambda: self.num_converted(root) >= 32)
        workers = descendants(process.pid)
        assert len(workers) >= 2
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        wait_for(lambda: not any(map(alive, workers)))
        assert not (root / CONVERTED / "040.png").exists()
        leftover = root / CONVERTED / f".{process.pid}.{'0' * 32}.tmp"
        leftover.write_bytes(b"half")

        pipe.unlink()
        write(pipe, values[40])
        again = start(SCRIPT, "--workers", "2")
        printed, _ = again.communicate()
        assert again.returncode == 0
        assert "were there already" in printed
        assert files(root / CONVERTED) == [f"{i:03d}.png" for i in range(self.COUNT)]
        train = {0: 0, 12: 11, 91: 80, 181: 170, 255: 255}
        for i, value in enumerate(values):
            expected = [[train[v] for v in row] for row in value.tolist()]
            assert read(root / CONVERTED / f"{i:03d}.png") == expected

    def test_interrupted(self, root, start):
        self.make_sources(root)
        process = start(SCRIPT, "--workers", "1")
        wait_for(lambda: self.num_converted(root) == 40)
        process.send_signal(signal.SIGINT)
        printed, errors = process.communicate()
        assert process.returncode == 130
        assert "repeat the command" in printed
        assert "Traceback" not in errors
        assert files(root / CONVERTED) == [f"{i:03d}.png" for i in range(40)]
