"""The predictor against the model that it drives, and what it promises about words and state."""

import threading

import numpy as np
import pytest
import torch

from freecp_d2 import Predictor, Vocabulary
from freecp_d2.d2 import DatasetCatalog, read_image
from freecp_d2.data.mapper import FreeCPDatasetMapper
from freecp_d2.engine import load_config
from tests.helpers.command import run


@pytest.fixture(scope="module")
def page():
    record = DatasetCatalog.get("freecp_storybook_wide_val")[3]
    return read_image(record["file_name"], "RGB")


def test_equals_the_model_on_the_dataset(config):
    cfg = load_config(str(config))
    predictor = Predictor.from_config(cfg)
    record = DatasetCatalog.get("freecp_storybook_wide_val")[3]
    inputs = FreeCPDatasetMapper(cfg)(record)
    scores = predictor.model([inputs])[0]["sem_seg"]
    found = predictor(read_image(record["file_name"], "RGB"), channels="RGB")
    assert np.array_equal(found.scores, scores.numpy())
    labelled = found.label_map >= 0
    assert np.array_equal(found.label_map[labelled], scores.argmax(dim=0).numpy()[labelled])
    assert not scores.numpy()[:, ~labelled].any()
    assert list(found.windows) == predictor.model.diagnose([inputs])[0]
    assert len(found.names) == len(found.colors) == 81


def test_scores_of_a_pixel_are_those_of_the_volume(predictor, page):
    found = predictor(page, "RGB")
    volume = found.scores
    for y, x in ((0, 0), (100, 31), (191, 255), (96, 128)):
        pixel = dict(found.scores_at(y, x))
        expected = {n: s for n, s in zip(found.names, volume[:, y, x].tolist(), strict=True) if s}
        assert pixel == pytest.approx(expected, abs=1e-6)
        assert list(pixel.values()) == sorted(pixel.values(), reverse=True)
        if pixel:
            assert next(iter(pixel)) == found.names[found.label_map[y, x]]
    with pytest.raises(IndexError, match="192 rows, 256 columns"):
        found.scores_at(192, 0)


def test_a_list_is_its_images_one_by_one(predictor, page):
    images = [page, page[:50], page[:, ::-1]]
    together = predictor(images, channels="RGB")
    for image, found in zip(images, together, strict=True):
        assert np.array_equal(found.label_map, predictor(image, "RGB").label_map)
        assert np.array_equal(found.label_map, predictor(image[:, :, ::-1], "BGR").label_map)
        assert np.array_equal(found.image, image)


def test_a_tensor_keeps_no_graph(predictor, page):
    image = torch.from_numpy(page.copy()).permute(2, 0, 1).float().requires_grad_()
    assert not predictor(image, "RGB").found.scores.requires_grad


def test_predictions_keep_an_image_of_their_own(predictor, page):
    """A reader of videos may fill one array again and again."""
    buffer = np.zeros_like(page)

    def frames():
        for frame in (page, page[:, ::-1]):
            buffer[:] = frame
            yield buffer

    predictor.images_per_batch = 2
    try:
        found = list(predictor.stream(frames(), "RGB"))
    finally:
        predictor.images_per_batch = 1
    for one, frame in zip(found, (page, page[:, ::-1]), strict=True):
        assert np.array_equal(one.image, frame)
        # Windows come in other batches, whose rounding may decide a tie.
        assert (one.label_map == predictor(frame, "RGB").label_map).mean() > 0.999


def test_threads_with_words_of_their_own(predictor, page):
    words = ("sky; tree; house", "cloud; meadow; roof; dog")
    expected, wrong = {}, []
    for own in words:
        with predictor.using(own):
            expected[own] = predictor(page, "RGB")

    def label(own):
        for _ in range(4):
            with predictor.using(own):
                found = predictor(page, "RGB")
            if found.names != expected[own].names or not np.array_equal(
                found.label_map, expected[own].label_map
            ):
                wrong.append(found.names)

    threads = [threading.Thread(target=label, args=(own,)) for own in words]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert predictor.vocabulary.class_names[0] == "tree", "the words from before"


@pytest.mark.slow
def test_a_fork_says_so_and_works_with_one_thread(config):
    """In a process of its own, since a fork of the tests would have their threads."""
    code = f"""
import multiprocessing, numpy, torch
from freecp_d2 import Predictor
torch.set_num_threads(2)
build = lambda: Predictor.from_config({str(config)!r}, "cat; dog")
predictor = build()
page = numpy.full((64, 64, 3), 90, numpy.uint8)
def child(use, number):
    torch.set_num_threads(number)
    try:
        print(use().label_map.shape, flush=True)
    except RuntimeError as error:
        print(error, flush=True)
def label():
    return predictor(page, "RGB")
for use, number in (label, 2), (build, 2), (label, 1):
    process = multiprocessing.get_context("fork").Process(target=child, args=(use, number))
    with predictor.using("sky; sea"):  # a lock of the parent is none in the fork
        process.start()
    process.join(60); process.kill()
"""
    result = run("-W", "ignore", "-c", code)
    refused, labelled = result.stdout.splitlines()[-3:-1], result.stdout.splitlines()[-1]
    for message in refused:
        assert "is a fork of" in message, result.stdout + result.stderr
        assert "set_num_threads(1)" in message
    assert labelled == "(64, 64)"


def test_scores_do_not_depend_on_the_surroundings(predictor, page):
    expected = predictor(page, "RGB").scores
    for dtype in (torch.bfloat16, torch.float16):
        with torch.autocast("cpu", dtype=dtype):
            np.testing.assert_allclose(predictor(page, "RGB").scores, expected, atol=1e-6)
    torch.set_default_dtype(torch.float64)
    try:
        predictor.set_vocabulary("tree; house; sky; grass, meadow; sheep")
        found = predictor(page, "RGB").scores
    finally:
        torch.set_default_dtype(torch.float32)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_words_that_change_do_so_from_the_next_batch_on(predictor, page):
    predictor.images_per_batch = 2
    try:
        stream = predictor.stream([page, page, page], "RGB")
        first = next(stream)
        predictor.set_vocabulary("cat; dog")
        assert [found.names for found in stream] == [first.names, ("cat", "dog")]
    finally:
        predictor.images_per_batch = 1


def test_a_class_called_background_is_not_the_background(predictor, page):
    predictor.set_vocabulary("background: sky; background; tree")
    found = predictor(page, "RGB")
    assert found.names == ("background", "background (2)", "tree")
    assert {word.word for word in found.purification.words} == {"background (2)", "tree"}


def test_new_words_are_those_of_a_new_model(predictor, config, page):
    predictor.set_vocabulary("cat; dog; background: sky, tree")
    fresh = Predictor.from_config(config, "cat; dog; background: sky, tree")
    changed, expected = predictor(page, "RGB"), fresh(page, "RGB")
    assert changed.names == ("background", "cat", "dog")
    assert changed.colors[0] == (0, 0, 0)
    np.testing.assert_allclose(changed.scores, expected.scores, atol=1e-5)
    assert changed.label_map.min() >= 0  # what is nothing else is background


def test_words_that_are_none_leave_the_old_ones(predictor):
    with pytest.raises(ValueError, match="no class"):
        predictor.set_vocabulary(" ; ")
    assert predictor.vocabulary.class_names == ("tree", "house", "sky", "grass", "sheep")


def test_the_base_method_alone_shares_words_and_weights(predictor, config, page):
    alone = predictor.alone()
    found = alone(page, "RGB")
    plain = Predictor.from_config(
        config, predictor.vocabulary, ["MODEL.PURIFICATION_HEAD.NAME", ""]
    )
    np.testing.assert_allclose(found.scores, plain(page, "RGB").scores, atol=1e-5)
    assert found.purification is None
    predictor.set_vocabulary("cat; dog")
    assert alone(page, "RGB").names == ("cat", "dog")
    assert alone.model.backbone is predictor.model.backbone
    with pytest.raises(ValueError, match="base method alone has no thresholds"):
        alone.set_thresholds(redundancy=0.1)


def test_thresholds(predictor, page):
    predictor.set_thresholds(redundancy=0.5)  # no score exceeds a half
    found = predictor(page, "RGB")
    assert (found.label_map == -1).all()
    assert {w.word for w in found.purification.removed} == set(found.names)
    predictor.set_thresholds(redundancy=0.0, ambiguity=1.0)
    found = predictor(page, "RGB")
    assert {(w.redundancy_thresh, w.ambiguity_thresh) for w in found.windows} == {(0.0, 1.0)}
    with pytest.raises(ValueError, match=r"AMBIGUITY\.THRESH is 2"):
        predictor.set_thresholds(redundancy=0.2, ambiguity=2.0)
    assert predictor.model.purification_head.redundancy_thresh == 0.0


def test_small_and_thin_images(predictor):
    for size in [(1, 1), (1, 500), (500, 1), (7, 5)]:
        found = predictor(np.zeros((*size, 3), np.uint8), "RGB")
        assert found.label_map.shape == size
        assert found.scores.shape == (5, *size)


def test_thin_images_are_labelled_by_the_release_s_rule_too(config):
    """Which excludes the last row of every window: here the only one."""
    opts = ["MODEL.PURIFICATION_HEAD.REGION.EXCLUDE_LAST", "True"]
    predictor = Predictor.from_config(config, "sky; field; house; sheep", opts)
    for size in [(1, 500), (500, 1)]:
        found = predictor(np.full((*size, 3), 120, np.uint8), "RGB")
        assert found.purification.kept
        assert (found.label_map >= 0).mean() > 0.5


def test_words_beside_those_of_the_config_s_dataset(config):
    # The file's dataset has 81 classes; with words of one's own it does not matter.
    words = Vocabulary("mine", (("cat",), ("dog", "puppy")))
    assert Predictor.from_config(config, words).vocabulary is words
    opts = ["MODEL.TEXT.VOCABULARY", "cat; dog"]
    assert Predictor.from_config(config, opts=opts).vocabulary.class_names == ("cat", "dog")


def test_wrong_settings(config):
    for arguments, error, said in [
        ({"opts": ["MODEL.PURIFICATION_HEAD.ORACLE", "True"]}, ValueError, "ORACLE"),
        ({"opts": ["MODEL.META_ARCHITECTURE", "Other"]}, ValueError, '"Other"'),
        ({"opts": ["TEST.IMAGES_PER_BATCH", "0"]}, ValueError, "IMAGES_PER_BATCH is 0"),
        ({"opts": ["MODEL.CLIP.ARHC", "x"]}, KeyError, "did you mean"),
        ({"vocabulary": "cta"}, FileNotFoundError, "No vocabulary 'cta'"),
    ]:
        with pytest.raises(error, match=said):
            Predictor.from_config(config, **({"vocabulary": "cat;"} | arguments))
    with pytest.raises(ValueError, match="merge them"):
        Predictor.from_config(load_config(str(config)), opts=["MODEL.DEVICE", "cpu"])
