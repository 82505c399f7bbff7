"""What all tests share: no cache but their own, one thread, and a tiny model behind a config."""

import os
import signal
import tempfile
from pathlib import Path

import pytest
import torch

from freecp_d2.config import add_freecp_config
from freecp_d2.d2 import CfgNode, get_cfg

from .helpers.random_clip import save_state_dict

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before huggingface_hub is imported
# As many processes as cores run tests, on tensors so small that threads mostly wait.
os.environ["OMP_NUM_THREADS"] = "1"  # of processes that tests start
torch.set_num_threads(1)

TINY_WORDS = "background: sky\ncat, kitten\ndog\ntree\n"


def pytest_configure():
    # A shell that starts the tests in the background has them ignore Ctrl-C, and so would what
    # they start and interrupt.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _same_interrupts():
    """Scripts that a test runs in this process leave Ctrl-C ignored, as at their end."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def pytest_collection_modifyitems(items):
    if torch.cuda.is_available():
        return
    for item in items:
        if item.get_closest_marker("gpu"):
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory):
    """
    Caches and temporary files go into folders of this run, also those of commands that tests start:
    what a killed test leaves there, pytest deletes with its folders.
    """
    temporary = str(tmp_path_factory.mktemp("temporary"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", temporary)
        patch.setattr(tempfile, "tempdir", temporary)
        patch.setenv("FREECP_CACHE", str(tmp_path_factory.mktemp("freecp_cache")))
        yield


@pytest.fixture(scope="module")
def no_charts():
    """Evaluations in this process draw nothing: charts take longer than tiny models."""
    heatmap = "freecp_d2.evaluation.reports.write_heatmap"
    chart = "freecp_d2.evaluation.purification_tally.draw_line_charts"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(heatmap, lambda *args, **options: None)
        patch.setattr(chart, lambda *args, **options: b"")
        yield


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory) -> Path:
    """A state dict of `random_clip.TINY`: patch 8, native size 32, 3 layers."""
    return save_state_dict(tmp_path_factory.mktemp("tiny_clip") / "tiny.pt")


@pytest.fixture(scope="session")
def tiny_vocabulary(tmp_path_factory) -> Path:
    """A vocabulary file: one background word, three classes, one of them with a synonym."""
    path = tmp_path_factory.mktemp("tiny_words") / "tiny.txt"
    path.write_text(TINY_WORDS)
    return path


@pytest.fixture
def tiny_cfg(tiny_checkpoint, tiny_vocabulary) -> CfgNode:
    """Everything that it takes to build FreeCPSegmentor, on the CPU."""
    cfg = get_cfg()
    add_freecp_config(cfg)
    cfg.MODEL.DEVICE = "cpu"
    cfg.MODEL.META_ARCHITECTURE = "FreeCPSegmentor"
    cfg.MODEL.BACKBONE.NAME = "CLIPViT"
    cfg.MODEL.CLIP.ARCH = "custom"
    cfg.MODEL.CLIP.PRETRAINED = str(tiny_checkpoint)
    cfg.MODEL.CLIP.GEM_BLOCKS = 2
    cfg.MODEL.TEXT.VOCABULARY = str(tiny_vocabulary)
    cfg.MODEL.TEXT.TEMPLATES = "simple"
    cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.CROP_SIZE = 32
    cfg.INPUT.FORMAT = "RGB"
    cfg.DATASETS.TEST = ()
    cfg.MODEL.SLIDING_WINDOW.SIZE = 48
    cfg.MODEL.SLIDING_WINDOW.STRIDE = 24
    return cfg
