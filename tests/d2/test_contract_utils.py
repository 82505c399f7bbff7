"""What this project expects of seeds, of loggers and of paths."""

import logging
import os
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from freecp_d2.d2 import seed_all_rng, setup_logger


class TestSeed:
    def test_same_seed_same_numbers(self) -> None:
        def draw() -> list[float]:
            return [random.random(), np.random.rand(), torch.rand(1).item()]

        seed_all_rng(3)
        first = draw()
        seed_all_rng(3)
        assert draw() == first
        seed_all_rng(4)
        assert all(a != b for a, b in zip(draw(), first, strict=True))
        assert os.environ["PYTHONHASHSEED"] == "4"

    def test_drawn_seed_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level("INFO"):
            seed_all_rng()
        assert "random seed" in caplog.text
        assert os.environ["PYTHONHASHSEED"] in caplog.text


class TestLogger:
    def test_second_call_adds_no_handler(self, tmp_path: Path) -> None:
        first = setup_logger(str(tmp_path), name="d2_tests_twice")
        count = len(first.handlers)
        assert setup_logger(str(tmp_path), name="d2_tests_twice") is first
        assert count == len(first.handlers) == 2
        assert (first.level, first.propagate) == (logging.DEBUG, False)

    def test_file(self, tmp_path: Path) -> None:
        for output, rank, file in [
            ("", 0, "log.txt"),
            ("", 2, "log.txt.rank2"),
            ("my.log", 0, "my.log"),
            ("deep/er/my.txt", 1, "deep/er/my.txt.rank1"),
        ]:
            name = f"d2_tests_{output}_{rank}"
            setup_logger(str(tmp_path / output), rank, name=name).warning("a warning")
            line = (tmp_path / file).read_text().strip()
            assert line.endswith(f"{name} WARNING: a warning")

    def test_only_rank_0_writes_to_the_terminal(self, capsys: pytest.CaptureFixture) -> None:
        for rank in (0, 1):
            logger = setup_logger(None, rank, name=f"d2_tests_rank{rank}")
            logger.info("rank %d was here", rank)
        out = capsys.readouterr().out
        assert "rank 0 was here" in out
        assert "rank 1 was here" not in out

    def test_terminal_shows_the_short_name(self, capsys: pytest.CaptureFixture) -> None:
        setup_logger(None, name="d2_tests_long", abbrev_name="dl")
        logging.getLogger("d2_tests_long.part").error("broken")
        out = capsys.readouterr().out
        assert "dl.part" in out
        assert "ERROR" in out
        assert "d2_tests_long.part" not in out
