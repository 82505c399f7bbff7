"""What this project expects of whole models and of postprocessing."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from freecp_d2.d2 import (
    META_ARCH_REGISTRY,
    CfgNode,
    DefaultPredictor,
    MetadataCatalog,
    build_model,
    configurable,
    get_cfg,
    sem_seg_postprocess,
)


class D2TestsModel(nn.Module):
    """Returns what it is given, scaled by its one weight."""

    @configurable
    def __init__(self, *, scale: float) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(scale))

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict[str, Any]:
        return {"scale": float(len(cfg.MODEL.PIXEL_MEAN))}

    def forward(self, inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        assert not self.training
        assert not torch.is_grad_enabled()
        return [{**x, "scaled": x["image"].to(self.scale.device) * self.scale} for x in inputs]


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    META_ARCH_REGISTRY.register(D2TestsModel)
    yield
    META_ARCH_REGISTRY._obj_map.pop("D2TestsModel")


@pytest.fixture
def cfg() -> CfgNode:
    cfg = get_cfg()
    cfg.MODEL.DEVICE = "cpu"
    cfg.MODEL.META_ARCHITECTURE = "D2TestsModel"
    return cfg


class TestModel:
    def test_is_built_on_the_device(self, cfg: CfgNode) -> None:
        model = build_model(cfg)
        assert isinstance(model, D2TestsModel)
        assert model.scale.item() == 3.0
        cfg.MODEL.DEVICE = "meta"
        assert build_model(cfg).scale.device.type == "meta"

    def test_weights_are_not_loaded(self, cfg: CfgNode) -> None:
        cfg.MODEL.WEIGHTS = "no/such/file.pth"
        assert build_model(cfg).scale.item() == 3.0
        cfg.MODEL.META_ARCHITECTURE = "D2TestsTypo"
        with pytest.raises(KeyError, match=r"D2TestsTypo.*META_ARCH"):
            build_model(cfg)


class TestPredictor:
    IMAGE = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)  # BGR

    def test_image_in_the_order_of_the_model(self, cfg: CfgNode) -> None:
        cfg.INPUT.MIN_SIZE_TEST = 0
        for order, channels in [("BGR", [0, 1, 2]), ("RGB", [2, 1, 0])]:
            cfg.INPUT.FORMAT = order
            out = DefaultPredictor(cfg)(self.IMAGE)
            assert (out["height"], out["width"]) == (2, 4)
            expected = self.IMAGE[:, :, channels].transpose(2, 0, 1) * 3.0
            np.testing.assert_allclose(out["scaled"].numpy(), expected)
        cfg.INPUT.FORMAT = "L"
        with pytest.raises(AssertionError):
            DefaultPredictor(cfg)

    def test_resizes_and_loads_weights(self, cfg: CfgNode, tmp_path: Any) -> None:
        cfg.INPUT.MIN_SIZE_TEST = 4
        cfg.DATASETS.TEST = ("d2_tests_predictor",)
        cfg.MODEL.WEIGHTS = str(tmp_path / "weights.pth")
        torch.save({"model": {"scale": torch.tensor(0.5)}}, cfg.MODEL.WEIGHTS)
        try:
            predictor = DefaultPredictor(cfg)
            assert predictor.metadata is MetadataCatalog.get("d2_tests_predictor")
        finally:
            MetadataCatalog.remove("d2_tests_predictor")
        out = predictor(self.IMAGE)
        assert predictor.model.scale.item() == 0.5
        assert (out["height"], out["width"]) == (2, 4)
        assert tuple(out["image"].shape) == (3, 4, 8)


class TestSemSegPostprocess:
    def test_padding_is_cut_off(self) -> None:
        scores = torch.full((2, 4, 6), 100.0)
        scores[:, :2, :3] = torch.arange(12.0).reshape(2, 2, 3)
        out = sem_seg_postprocess(scores, (2, 3), 2, 3)
        torch.testing.assert_close(out, torch.arange(12.0).reshape(2, 2, 3))

    def test_bilinear_without_aligned_corners(self) -> None:
        # New centres lie at 1/4 and 3/4 between the old ones; the border repeats.
        out = sem_seg_postprocess(torch.tensor([[[0.0, 4.0]]]), (1, 2), 1, 4)
        torch.testing.assert_close(out, torch.tensor([[[0.0, 1.0, 3.0, 4.0]]]))
