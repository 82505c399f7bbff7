"""Evaluating a model that knows the answer: which images, which files, in which order."""

import json
import logging

import pytest

from freecp_d2.engine import evaluate, select_records

from .conftest import NAME, Classifier


def names(records):
    return [record["file_name"] for record in records]


class TestSelection:
    def test_evenly_spread_over_the_sorted_ones(self, cfg, register):
        records = register(9)
        in_order = names(records)
        records.reverse()
        for number, expected in [
            (1, [0]),
            (2, [0, 8]),
            (3, [0, 4, 8]),
            (5, [0, 2, 4, 6, 8]),
            (8, [0, 1, 2, 3, 5, 6, 7, 8]),  # none twice
        ]:
            cfg.TEST.NUM_IMAGES = number
            assert names(select_records(cfg, NAME)) == [in_order[i] for i in expected]

    def test_all_where_there_are_no_more(self, cfg, register):
        records = register(9)
        for number in [0, 9, 10]:
            cfg.TEST.NUM_IMAGES = number
            assert select_records(cfg, NAME) == records

    def test_an_empty_dataset(self, cfg, register):
        register(0)
        with pytest.raises(ValueError, match=f"{NAME} is empty"):
            select_records(cfg, NAME)


class TestEvaluate:
    def test_numbers_and_records(self, cfg, register, tmp_path, caplog):
        register(6)
        cfg.TEST.NUM_IMAGES = 2
        model = Classifier()
        with caplog.at_level(logging.INFO):
            results = evaluate(cfg, model)
        assert model.seen == ["000", "005"]
        scores = results[NAME]["sem_seg"]
        assert scores["mIoU"] == pytest.approx(100 * 7 / 9)
        assert scores["mIoU_mmseg"] == scores["mIoU"]
        record = json.loads((tmp_path / "output/results.json").read_text())
        assert record["results"][NAME]["sem_seg"] == pytest.approx(scores)
        assert record["images"] == {NAME: {"evaluated": 2, "official": 20}}
        assert 0 < record["seconds"][NAME] < 100
        assert (tmp_path / "output/inference" / NAME / "confusion_matrix.png").is_file()
        assert "mIoU,fwIoU,mACC,pACC,mIoU_mmseg" in caplog.text

    def test_a_run_that_fails_leaves_no_record_unless_it_did_not_start(
        self, cfg, register, tmp_path
    ):
        register(3)
        evaluate(cfg, Classifier())
        cfg.TEST.NUM_IMAGES = -2
        with pytest.raises(ValueError, match="NUM_IMAGES is -2"):
            evaluate(cfg, Classifier())
        assert (tmp_path / "output/results.json").is_file()
        cfg.TEST.NUM_IMAGES = 0
        with pytest.raises(RuntimeError, match="interrupted"):
            evaluate(cfg, Classifier(limit=0))
        assert not (tmp_path / "output/results.json").exists()
