"""What this project expects of launch and comm, of default_setup and of the parser."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from freecp_d2.d2 import comm, default_argument_parser, get_cfg, launch, seed_all_rng

HERE = Path(__file__).resolve().parent


def run_worker(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `d2_workers.py`, without GPUs, so that the processes talk over gloo."""
    path = os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-W", "ignore", str(HERE / "d2_workers.py"), *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The folder that two processes wrote to, and the program that started them."""
    folder = tmp_path_factory.mktemp("launch")
    return folder, run_worker("launch", str(folder))


@pytest.fixture(scope="module")
def ranks(launched: tuple[Path, Any]) -> list[dict[str, Any]]:
    """What each of the two processes saw."""
    files = [launched[0] / f"rank{rank}.json" for rank in range(2)]
    assert all(file.is_file() for file in files), launched[1].stderr
    return [json.loads(file.read_text()) for file in files]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `default_setup` left behind: numbers.json, stdout.txt and out/."""
    folder = tmp_path_factory.mktemp("setup")
    (folder / "cfg.yaml").write_text("# a remark in the file\nVERSION: 2\n")
    options = ["--eval-only", "--config-file", str(folder / "cfg.yaml")]
    options += ["OUTPUT_DIR", str(folder / "out"), "SEED", "7", "MODEL.DEVICE", "cpu"]
    run = run_worker("setup", str(folder), *options)
    assert run.returncode == 0, run.stderr
    (folder / "stdout.txt").write_text(run.stdout)
    return folder


class TestLaunch:
    def test_ranks(self, ranks: list[dict[str, Any]]) -> None:
        assert [seen["rank"] for seen in ranks] == [0, 1]
        assert [seen["size"] for seen in ranks] == [2, 2]
        assert [seen["local"] for seen in ranks] == [[0, 2], [1, 2]]
        assert [seen["main"] for seen in ranks] == [True, False]
        assert [seen["backend"] for seen in ranks] == ["gloo", "gloo"]

    def test_gather(self, ranks: list[dict[str, Any]]) -> None:
        assert [seen["all_gather"] for seen in ranks] == [[{"rank": 0}, {"rank": 1}]] * 2
        assert [seen["gather"] for seen in ranks] == [["x", "xx"], []]
        assert [seen["gather_at_1"] for seen in ranks] == [[], [0, 1]]

    def test_evaluation_over_uneven_and_empty_shares(self, ranks: list[dict[str, Any]]) -> None:
        # Six pixels, three of them grass, all predicted as grass.
        first, second = (seen["three_images"] for seen in ranks)
        assert (first["share"], second["share"]) == (2, 1)
        assert first["results"]["sem_seg"]["IoU-grass"] == pytest.approx(50.0)
        assert first["results"]["sem_seg"]["pACC"] == pytest.approx(50.0)
        assert second["results"] == {}
        first, second = (seen["one_image"] for seen in ranks)
        assert (first["share"], second["share"]) == (1, 0)
        assert first["results"]["sem_seg"]["ACC-grass"] == pytest.approx(100.0)
        assert first["results"]["sem_seg"]["pACC"] == pytest.approx(50.0)
        assert second["results"] == {}

    def test_error_in_one_process_ends_the_program(self, launched: tuple[Path, Any]) -> None:
        # The last thing that rank 1 does is to raise.
        assert launched[1].returncode != 0
        assert "failed on purpose" in launched[1].stderr

    def test_a_single_process_is_this_process(self) -> None:
        seen: list[int] = []
        launch(lambda value: seen.append(value), 1, args=(os.getpid(),))
        assert seen == [os.getpid()]
        with pytest.raises(AssertionError, match="auto"):
            launch(print, 1, num_machines=2, dist_url="auto")


def test_comm_in_a_single_process() -> None:
    assert (comm.get_rank(), comm.get_world_size()) == (0, 1)
    assert (comm.get_local_rank(), comm.get_local_size()) == (0, 1)
    assert comm.is_main_process()
    comm.synchronize()
    data = object()
    assert comm.gather(data)[0] is data
    assert comm.all_gather(data) == [data]


class TestDefaultSetup:
    def test_config_is_saved(self, folder: Path) -> None:
        cfg = get_cfg()
        cfg.merge_from_file(str(folder / "out" / "config.yaml"))
        assert (cfg.SEED, cfg.MODEL.DEVICE) == (7, "cpu")
        assert str(folder / "out") == cfg.OUTPUT_DIR

    def test_log(self, folder: Path) -> None:
        log, stdout = (folder / "out" / "log.txt").read_text(), (folder / "stdout.txt").read_text()
        for text in (
            "Rank of current process: 0. World size: 1",
            "Environment info:",
            "Command line arguments: Namespace(",
            "a remark in the file",
            "Running with full config:",
            "Full config saved to",
            "a line of the program",
        ):
            assert text in log
            assert text in stdout

    def test_random_numbers_are_seeded(self, folder: Path) -> None:
        numbers = json.loads((folder / "numbers.json").read_text())
        seed_all_rng(7)
        assert numbers == [random.random(), np.random.rand(), torch.rand(1).item()]


class TestArgumentParser:
    def test_defaults(self) -> None:
        args = default_argument_parser().parse_args([])
        assert (args.config_file, args.resume, args.eval_only, args.opts) == ("", False, False, [])
        assert (args.num_gpus, args.num_machines, args.machine_rank) == (1, 1, 0)
        port = int(args.dist_url.removeprefix("tcp://127.0.0.1:"))
        assert 2**15 + 2**14 <= port < 2**16
