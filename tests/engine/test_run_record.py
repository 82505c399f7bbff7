"""The digest of a config, and results.json."""

import hashlib
import json
import os
import re

import pytest

from freecp_d2.config import add_freecp_config
from freecp_d2.d2 import BACKEND, CfgNode, get_cfg
from freecp_d2.engine import config_digest
from freecp_d2.engine import run_record as records
from freecp_d2.engine.run_record import write_record
from freecp_d2.modeling.text_head import vocabulary_from_config
from tests.helpers.command import ROOT

NOT_DECISIVE = """
    OUTPUT_DIR x MODEL.DEVICE cpu MODEL.TEXT.CACHE_DIR x DATALOADER.NUM_WORKERS 9 SEED 1
    MODEL.TEXT.BATCH_SIZE 3 MODEL.SLIDING_WINDOW.BATCH_SIZE 4 TEST.IMAGES_PER_BATCH 4
    TEST.LABEL_MAP True TEST.SAVE_PREDICTIONS True TEST.BOUNDARY_IOU True
    TEST.EXPECTED_RESULTS [['sem_seg']]
"""
DECISIVE = """
    DATASETS.TEST ('freecp_ade20k_val',) INPUT.MIN_SIZE_TEST 448 INPUT.RESIZE pil
    MODEL.PRECISION fp16 MODEL.CLIP.PRETRAINED laion2b MODEL.TEXT.TEMPLATES simple
    MODEL.AFFINITY_HEAD.CLIP_ATTENTION.LAYERS [1] MODEL.SLIDING_WINDOW.SIZE 224
    MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH 0.1 TEST.NUM_IMAGES 50
"""


def config(*options):
    cfg = get_cfg()
    add_freecp_config(cfg)
    cfg.merge_from_list(list(options))
    return cfg


class TestDigest:
    def test_keys_that_do_not_change_results(self):
        assert re.fullmatch("[0-9a-f]{64}", config_digest(config()))
        assert config_digest(config(*NOT_DECISIVE.split())) == config_digest(config())

    def test_keys_that_change_results(self):
        options = DECISIVE.split()
        for key, value in zip(options[::2], options[1::2], strict=True):
            assert config_digest(config(key, value)) != config_digest(config()), key

    def test_keys_of_one_back_end_do_not_matter(self, monkeypatch):
        before = config_digest(config())
        larger = get_cfg()
        larger.MODEL.RPN = CfgNode({"HEAD_NAME": "StandardRPNHead"})
        monkeypatch.setattr(records, "get_cfg", larger.clone)
        cfg = larger.clone()
        add_freecp_config(cfg)
        assert config_digest(cfg) == before
        cfg.MODEL.RPN.HEAD_NAME = "another"
        assert config_digest(cfg) != before

    def test_digest_is_equal_on_every_machine(self):
        content = b'{"TEST.NUM_IMAGES": 7}'
        assert config_digest(config("TEST.NUM_IMAGES", 7)) == hashlib.sha256(content).hexdigest()

    def test_every_name_left_out_is_a_key(self):
        cfg = config()
        for name in set(records._NOT_DECISIVE) - {"SOLVER"}:  # a section of Detectron2 alone
            node = cfg
            for part in name.split("."):
                assert part in node, name
                node = node[part]


@pytest.fixture
def written(tmp_path, tiny_vocabulary):
    """(config, the record)."""
    cfg = config("OUTPUT_DIR", str(tmp_path / "new" / "run"), "MODEL.DEVICE", "cpu")
    cfg.MODEL.TEXT.VOCABULARY = str(tiny_vocabulary)
    results = {"val": {"sem_seg": {"mIoU": 12.5, "IoU-cat": float("nan")}}}
    images, words = {"val": {"evaluated": 5, "official": 7}}, vocabulary_from_config(cfg)
    write_record(cfg, results, images, {"val": 12.345}, words, {})
    text = (tmp_path / "new" / "run" / "results.json").read_text()
    return cfg, json.loads(text, parse_constant=pytest.fail)  # NaN is not JSON


class TestRecord:
    def test_numbers_and_config(self, written):
        cfg, record = written
        assert record["results"] == {"val": {"sem_seg": {"mIoU": 12.5, "IoU-cat": None}}}
        assert record["images"] == {"val": {"evaluated": 5, "official": 7}}
        assert record["seconds"] == {"val": 12.3}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", record["date"])
        assert len(record["vocabulary"]["sha256"]) == 64
        assert record["config_sha256"] == config_digest(cfg)
        assert record["config"]["MODEL"]["SLIDING_WINDOW"]["SIZE"] == 384
        assert record["config"]["MODEL"]["PIXEL_MEAN"] == list(cfg.MODEL.PIXEL_MEAN)

    def test_environment(self, written):
        _, record = written
        environment = record["environment"]
        libraries = "python torch torchvision numpy pillow opencv clip open_clip freecp_d2"
        for name in libraries.split():
            assert re.match(r"\d+\.\d+", environment[name]), name
        assert environment["backend"] == BACKEND
        assert environment["processes"] == 1
        assert environment["device"].startswith("CPU, ")
        text = json.dumps(environment)
        assert os.uname().nodename not in text
        assert str(ROOT) not in text
        assert os.path.expanduser("~") + "/" not in text

    def test_it_is_the_last_file(self, written, monkeypatch):
        cfg, _ = written
        assert sorted(os.listdir(cfg.OUTPUT_DIR)) == ["environment.txt", "results.json"]
        os.remove(os.path.join(cfg.OUTPUT_DIR, "results.json"))
        monkeypatch.setattr(records, "collect_env_info", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write_record(cfg, {}, {}, {}, vocabulary_from_config(cfg), {})
        assert os.listdir(cfg.OUTPUT_DIR) == ["environment.txt"]
