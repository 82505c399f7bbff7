"""Errors of Detectron2 that the fallback corrects, and its messages about what it leaves out."""

import ast
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from d2_synthetic import CLASSES, IGNORE, scores_of, write_sample
from torch import nn

from freecp_d2.d2_fallback import config, data, engine, evaluation
from freecp_d2.d2_fallback.data import samplers
from freecp_d2.d2_fallback.data import transforms as T
from freecp_d2.d2_fallback.data.common import PicklableWrapper

FALLBACK = Path(data.__file__).parents[1]


class TestGroundTruth:
    @pytest.fixture
    def evaluate_label(self, tmp_path: Path) -> Any:
        """Evaluates one image with the given ground truth, all of it predicted as sky."""
        name = "d2_tests_mended"

        def evaluate(label: list, shape: tuple[int, int] | None = None) -> Any:
            record = write_sample(tmp_path, 0, np.array(label))
            data.DatasetCatalog.register(name, lambda: [record])
            data.MetadataCatalog.get(name).set(stuff_classes=CLASSES, ignore_label=IGNORE)
            evaluator = evaluation.SemSegEvaluator(name, distributed=False)
            evaluator.reset()
            sky = np.zeros(shape or np.shape(label), int)
            evaluator.process([record], [{"sem_seg": scores_of(sky)}])
            return evaluator

        yield evaluate
        data.DatasetCatalog.remove(name)
        data.MetadataCatalog.remove(name)

    def test_good_labels(self, evaluate_label: Any) -> None:
        assert evaluate_label([[0, 1], [2, IGNORE]])._conf_matrix[0].tolist() == [1, 1, 1, 1]

    @pytest.mark.parametrize("label", [3, 4, 200])
    def test_unknown_label(self, evaluate_label: Any, label: int) -> None:
        """Detectron2 counts 3 as ignored, 4 as another pair of classes; 200 is NumPy's error."""
        with pytest.raises(ValueError, match=rf"0_label\.png has labels \[{label}\].*0 to 2 or"):
            evaluate_label([[0, label], [1, IGNORE]])

    @pytest.mark.parametrize("shape", [(2, 2), (3, 2)])
    def test_wrong_size(self, evaluate_label: Any, shape: tuple[int, int]) -> None:
        """Detectron2 compares the wrong pixels if their number is equal."""
        with pytest.raises(ValueError, match=r"0_label\.png has \(2, 3\).*prediction has") as error:
            evaluate_label([[0, 1, 1], [2, 2, 2]], shape=shape)
        assert str(shape) in str(error.value)


def test_shares_are_contiguous_and_complete() -> None:
    get = samplers.InferenceSampler._get_local_indices
    for size, shares in [
        (3, [[0, 1], [2]]),
        (1, [[0], []]),
        (5, [[0, 1], [2, 3], [4]]),
        (2, [[0], [1], [], []]),
    ]:
        assert [list(get(size, len(shares), rank)) for rank in range(len(shares))] == shares


def test_mode_is_restored_after_an_error() -> None:
    model = nn.Linear(2, 2).train()
    with pytest.raises(TypeError):
        evaluation.inference_on_dataset(model, [None], evaluation.DatasetEvaluator())
    assert model.training


def test_mapper_that_never_succeeds_is_an_error() -> None:
    dataset = data.MapDataset([1, 2, 3], lambda n: None)
    with pytest.raises(RuntimeError, match="3 items"):
        dataset[0]


def test_predictor_hands_the_image_to_the_device() -> None:
    predictor = engine.DefaultPredictor.__new__(engine.DefaultPredictor)
    predictor.cfg = config.get_cfg()
    predictor.cfg.MODEL.DEVICE = "meta"
    predictor.input_format = "BGR"
    predictor.aug = T.ResizeShortestEdge(0)
    predictor.model = lambda inputs: [inputs[0]["image"].device.type]
    assert predictor(np.zeros((2, 2, 3), np.uint8)) == "meta"


def test_callables_survive_pickling() -> None:
    """Lambdas are tested by the loader with worker processes."""
    wrapped = PicklableWrapper(PicklableWrapper(T.ResizeTransform(1, 2, 3, 4).apply_coords))
    copied = pickle.loads(pickle.dumps(wrapped))
    assert copied.__self__.new_w == 4


def test_missing_features_name_detectron2(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text("VERSION: 1\n")
    for use in (
        lambda: config.get_cfg().merge_from_file(str(tmp_path / "old.yaml")),
        lambda: data.DatasetMapper(config.get_cfg(), True),
    ):
        with pytest.raises(NotImplementedError, match=r"needs Detectron2.*https://github\.com"):
            use()


def test_files_name_their_counterparts() -> None:
    for path in sorted(FALLBACK.rglob("*.py")):
        doc = " ".join((ast.get_docstring(ast.parse(path.read_text())) or "").split())
        assert re.search(r"`detectron2/[\w./]+`|github\.com/facebookresearch/detectron2", doc), path
