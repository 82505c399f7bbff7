"""Interrupted evaluations: what is stored, what is evaluated again, what is refused or skipped."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from freecp_d2.d2 import BACKEND, DatasetCatalog, MetadataCatalog
from freecp_d2.engine import evaluate, import_plugins, plugins, sole_run
from freecp_d2.engine.resuming import weights_facts
from freecp_d2.evaluation.partial import (
    ImageResult,
    StoredResult,
    append_result,
    read_results,
    sparse_counts,
)
from freecp_d2.method import AmbiguityGroups
from freecp_d2.modeling.finite_checks import WeightsError
from freecp_d2.modeling.purification.build import (
    PlacedWindow,
    PurificationOutput,
    PurifiedBatch,
)
from freecp_d2.modeling.purification.decisions import Decisions
from freecp_d2.modeling.windows import Window

from .conftest import NAME, Classifier

pytestmark = pytest.mark.usefixtures("no_charts")
NUM_IMAGES = 6


class PurifyingClassifier(Classifier):
    """Also says that it kept dog in the left and the right half of each image, and not cat."""

    return_decisions = False

    def forward(self, inputs):
        outputs = super().forward(inputs)
        if self.return_decisions:
            groups = AmbiguityGroups(torch.zeros(0).long(), torch.zeros(0, 2).bool())
            keep, scores = torch.tensor([[False, True]] * 2), torch.tensor([[0.1, 0.3]] * 2)
            found = PurificationOutput(torch.zeros(2, 2, 1, 1), keep, scores, groups)
            found.redundancy_thresh = torch.full((2,), 0.2)
            batch = PurifiedBatch(None, found, 4, None)
            windows = [PlacedWindow(Window(0, 0, 2 * n, 4, 2 * n + 2), batch, n) for n in range(2)]
            for output in outputs:
                output["purification"] = Decisions(windows, self, (4, 4), (0, 1), None)
        return outputs


@pytest.fixture
def cfg(cfg, register):
    register(NUM_IMAGES)
    return cfg


def matrix_of(cfg):
    path = os.path.join(cfg.OUTPUT_DIR, "inference", NAME, "confusion_matrix.npy")
    return np.load(path).tolist()


def record_of(cfg):
    with open(os.path.join(cfg.OUTPUT_DIR, "results.json")) as file:
        return json.load(file)


@pytest.fixture
def whole(cfg):
    """The confusion matrix of an undisturbed run."""
    output, cfg.OUTPUT_DIR = cfg.OUTPUT_DIR, cfg.OUTPUT_DIR + "_whole"
    evaluate(cfg, Classifier())
    found, cfg.OUTPUT_DIR = matrix_of(cfg), output
    assert np.count_nonzero(found) == 4, "errors of both kinds"
    return found


def interrupt(cfg, after):
    with pytest.raises(RuntimeError, match="interrupted"):
        evaluate(cfg, Classifier(limit=after))


def shards(cfg):
    return sorted(Path(cfg.OUTPUT_DIR, "partial").glob("*.jsonl"))


class TestResume:
    def test_evaluates_the_missing_images_only(self, cfg, whole):
        interrupt(cfg, after=2)
        model = Classifier(limit=3)
        with pytest.raises(RuntimeError):
            evaluate(cfg, model, resume=True)
        assert model.seen == ["002", "003", "004"]
        for expected in (["005"], []):  # none are missing the second time
            model = Classifier()
            evaluate(cfg, model, resume=True)
            assert model.seen == expected
            assert matrix_of(cfg) == whole
            assert record_of(cfg)["images"][NAME]["evaluated"] == NUM_IMAGES

    def test_keeps_what_purification_decided(self, cfg):
        name = os.path.join("inference", NAME, "purification.csv")
        output, cfg.OUTPUT_DIR = cfg.OUTPUT_DIR, cfg.OUTPUT_DIR + "_whole"
        expected = evaluate(cfg, PurifyingClassifier())[NAME]["sem_seg"]
        rows = Path(cfg.OUTPUT_DIR, name).read_text()
        cfg.OUTPUT_DIR = output
        with pytest.raises(RuntimeError):
            evaluate(cfg, PurifyingClassifier(limit=3))
        model = PurifyingClassifier()
        found = evaluate(cfg, model, resume=True)[NAME]["sem_seg"]
        assert len(model.seen) == NUM_IMAGES - 3
        assert found == expected
        # The windows are the halves of an image, cat and dog. RP keeps dog in both.
        assert (found["RP_recall"], found["RP_precision"]) == (50, 50)
        assert Path(output, name).read_text() == rows
        assert rows.count("50.0000,50.0000,50.0000,100.0000") == NUM_IMAGES
        assert not model.return_decisions, "as before"

    def test_a_line_that_was_cut_off_is_evaluated_again(self, cfg, whole):
        interrupt(cfg, after=3)
        (shard,) = shards(cfg)
        os.truncate(shard, os.path.getsize(shard) - 9)
        model = Classifier()
        evaluate(cfg, model, resume=True)
        assert model.seen == ["002", "003", "004", "005"]
        assert matrix_of(cfg) == whole

    def test_an_image_that_was_stored_twice_counts_once(self, cfg, whole):
        interrupt(cfg, after=3)
        (shard,) = shards(cfg)
        shard.write_text(2 * shard.read_text())
        evaluate(cfg, Classifier(), resume=True)
        assert matrix_of(cfg) == whole

    def test_files_that_changed_are_evaluated_again(self, cfg, whole):
        interrupt(cfg, after=3)
        label = DatasetCatalog.get(NAME)[1]["sem_seg_file_name"]
        Image.fromarray(np.full((4, 4), 255, np.uint8)).save(label)
        model = Classifier()
        evaluate(cfg, model, resume=True)
        assert model.seen == ["001", "003", "004", "005"]
        assert np.sum(matrix_of(cfg)) == np.sum(whole)
        assert np.sum(np.array(matrix_of(cfg))[:, 2]) == 16

    def test_with_masks(self, cfg, tmp_path):
        cfg.TEST.SAVE_PREDICTIONS = True
        interrupt(cfg, after=4)
        evaluate(cfg, Classifier(), resume=True)
        path = tmp_path / "output" / "inference" / NAME / "sem_seg_predictions.json"
        masks = json.loads(path.read_text())
        assert len({mask["file_name"] for mask in masks}) == NUM_IMAGES

    @pytest.mark.skipif(BACKEND == "fallback", reason="Boundary IoU is Detectron2's")
    def test_with_boundaries(self, cfg):
        cfg.TEST.BOUNDARY_IOU = True
        output, cfg.OUTPUT_DIR = cfg.OUTPUT_DIR, cfg.OUTPUT_DIR + "_whole"
        expected = evaluate(cfg, Classifier())
        cfg.OUTPUT_DIR = output
        interrupt(cfg, after=3)
        assert evaluate(cfg, Classifier(), resume=True) == expected
        assert "BoundaryIoU-cat" in expected[NAME]["sem_seg"]

    def test_a_data_set_of_a_list_that_is_complete(self, cfg, whole):
        other = f"{NAME}_2"
        records = DatasetCatalog.get(NAME)
        DatasetCatalog.register(other, lambda: records)
        MetadataCatalog.get(other).set(stuff_classes=["cat", "dog"], ignore_label=255)
        try:
            cfg.DATASETS.TEST = (NAME, other)
            interrupt(cfg, after=NUM_IMAGES + 2)
            model = Classifier()
            results = evaluate(cfg, model, resume=True)
            assert model.seen == ["002", "003", "004", "005"]
            assert results[other] == results[NAME]
        finally:
            DatasetCatalog.remove(other)
            MetadataCatalog.remove(other)

    def test_without_it_the_earlier_results_are_kept_aside(self, cfg, whole, caplog):
        interrupt(cfg, after=2)
        model = Classifier()
        evaluate(cfg, model)
        assert len(model.seen) == NUM_IMAGES
        assert matrix_of(cfg) == whole
        assert "partial.old" in caplog.text
        assert len(os.listdir(cfg.OUTPUT_DIR + "/partial.old")) == 2
        caplog.clear()
        evaluate(cfg, Classifier())  # after a complete run nothing is worth keeping
        assert "partial.old" not in caplog.text


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "facts"),
        [
            (
                lambda cfg, m: cfg.merge_from_list(["INPUT.RESIZE", "pil"]),
                ("INPUT.RESIZE", "'pil'"),
            ),
            (lambda cfg, m: cfg.merge_from_list(["TEST.NUM_IMAGES", 4]), ("NUM_IMAGES is 4",)),
            (lambda cfg, m: m.offset.add_(1), ("weights",)),
            (
                lambda cfg, m: Path(cfg.MODEL.TEXT.VOCABULARY).write_text("cat\npuppy\n"),
                ("vocabulary, number 2 is 'puppy', was 'dog'",),
            ),
        ],
        ids=["config", "images", "weights", "words"],
    )
    def test_another_run_is_named(self, cfg, change, facts):
        interrupt(cfg, after=2)
        model = Classifier()
        change(cfg, model)
        before = [path.read_text() for path in shards(cfg)]
        with pytest.raises(ValueError, match="--resume") as error:
            evaluate(cfg, model, resume=True)
        assert all(fact in str(error.value) for fact in facts), error.value
        assert [path.read_text() for path in shards(cfg)] == before

    def test_useless_weights_get_no_advice_to_skip_images(self, cfg):
        class Useless(Classifier):
            def forward(self, inputs):
                raise WeightsError("The weights are useless.")

        with pytest.raises(WeightsError, match=r"^The weights are useless\.$"):
            evaluate(cfg, Useless())

    def test_each_weight_counts(self):
        layer = torch.nn.Linear(500, 500)
        before = weights_facts(layer)
        with torch.no_grad():
            layer.weight[0, 1] += 1
        after = weights_facts(layer)
        assert [k for k, v in after["weights"].items() if before["weights"][k] != v] == ["weight"]

    def test_other_classes(self, cfg):
        interrupt(cfg, after=2)
        MetadataCatalog.remove(NAME)
        MetadataCatalog.get(NAME).set(stuff_classes=["dog", "cat"], ignore_label=255)
        with pytest.raises(ValueError, match=rf"{NAME}: classes, number 1 is 'dog', was 'cat'"):
            evaluate(cfg, Classifier(), resume=True)

    def test_code_of_import(self, cfg, tmp_path, monkeypatch):
        monkeypatch.setattr(plugins, "_sources", {})
        heads = tmp_path / "heads.py"
        heads.write_text("SCALE = 1\n")
        import_plugins([str(heads)])
        evaluate(cfg, Classifier(), resume=False)
        plugins._sources.clear()
        heads.write_text("SCALE = 2\n")
        import_plugins([str(heads)])
        with pytest.raises(ValueError, match=r"code of --import: heads\.py is '"):
            evaluate(cfg, Classifier(), resume=True)

    def test_what_changes_no_number_may_differ(self, cfg, whole):
        interrupt(cfg, after=2)
        cfg.merge_from_list(["TEST.IMAGES_PER_BATCH", 4, "TEST.ON_ERROR", "skip"])
        evaluate(cfg, Classifier(), resume=True)
        assert matrix_of(cfg) == whole

    def test_two_runs_in_one_folder(self, cfg):
        in_use = pytest.raises(ValueError, match=f"{cfg.OUTPUT_DIR}.*in use")
        with sole_run(cfg.OUTPUT_DIR), in_use, sole_run(cfg.OUTPUT_DIR):
            pytest.fail("two hold it")
        with sole_run(cfg.OUTPUT_DIR):
            pass


class TestErrors:
    @pytest.fixture
    def broken(self, cfg):
        """An image without its data, a label that is none: two of six images."""
        records = DatasetCatalog.get(NAME)
        os.truncate(records[1]["file_name"], 50)
        Image.fromarray(np.full((4, 4), 7, np.uint8)).save(records[4]["sem_seg_file_name"])
        return records

    def test_stop_names_the_file_and_how_to_go_on(self, cfg, broken):
        with pytest.raises(ValueError, match=r"image001\.png.*--resume.*TEST\.ON_ERROR skip"):
            evaluate(cfg, Classifier())
        (shard,) = shards(cfg)
        assert len(read_results(shard)) == 1

    @pytest.mark.parametrize(("batch", "workers"), [(1, 0), (4, 1)])
    def test_skip_names_them_and_goes_on(self, cfg, broken, batch, workers):
        cfg.merge_from_list(["TEST.ON_ERROR", "skip", "TEST.IMAGES_PER_BATCH", batch])
        cfg.DATALOADER.NUM_WORKERS = workers
        evaluate(cfg, Classifier(fails_at="003"))
        record = record_of(cfg)
        assert record["images"][NAME]["evaluated"] == 3
        skipped = record["skipped"][NAME]
        assert [name[-7:-4] for name in skipped] == ["001", "003", "004"]
        errors = list(skipped.values())
        assert "image001.png" in errors[0]
        assert "interrupted" in errors[1]
        assert "label004.png" in errors[2]
        assert np.sum(matrix_of(cfg)) == 3 * 16

    def test_skipped_images_are_tried_again(self, cfg, whole):
        cfg.TEST.ON_ERROR = "skip"
        evaluate(cfg, Classifier(fails_at="003"))
        assert list(record_of(cfg)["skipped"]) == [NAME]
        model = Classifier()
        evaluate(cfg, model, resume=True)
        assert model.seen == ["003"]
        assert record_of(cfg)["skipped"] == {}
        assert matrix_of(cfg) == whole

    def test_all_skipped_is_an_error(self, cfg):
        cfg.TEST.ON_ERROR = "skip"
        with pytest.raises(ValueError, match=rf"{NAME}: all 6 images.*image000\.png.*interrupted"):
            evaluate(cfg, Classifier(fails_at="image"))


class TestFile:
    def test_size(self, tmp_path):
        """5,000 images of 171 classes, each with every pair of 12 true and 40 predicted ones."""
        rng = np.random.default_rng(0)
        for i in range(50):
            matrix = np.zeros((172, 172), np.int64)
            rows, columns = (rng.choice(171, n, replace=False) for n in (40, 12))
            matrix[np.ix_(rows, columns)] = rng.integers(1, 20_000, (40, 12))
            result = ImageResult(sparse_counts(matrix))
            stored = StoredResult("data", f"/data/{i}.jpg", [1, 2], result)
            append_result(tmp_path / "a.jsonl", stored)
        assert (tmp_path / "a.jsonl").stat().st_size * 100 < 100e6


@pytest.fixture
def limit_files():
    """A function that limits the size of files, as a full disk does, until the end of the test."""
    resource = pytest.importorskip("resource", reason="not on Windows")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_names_the_file_and_loses_nothing(cfg, whole, limit_files):
    class FillingTheDisk(Classifier):
        def forward(self, inputs):
            if len(self.seen) == 2:
                limit_files(700)
            return super().forward(inputs)

    with pytest.raises(ValueError, match=r"'\S*/partial/\w+\.0\.\w+\.jsonl'\. .*--resume"):
        evaluate(cfg, FillingTheDisk())
    limit_files(2**30)
    rest = Classifier()
    evaluate(cfg, rest, resume=True)
    assert 0 < len(rest.seen) < NUM_IMAGES
    assert matrix_of(cfg) == whole
