"""Crops: their pixels, and captions and class sets that agree with them."""

import numpy as np
import pytest
import torch

from freecp_d2.data.storybook.classes import CLASS_INDEX, CLASSES
from freecp_d2.data.storybook.noise import Rng

SKY, GRASS, CAR = (CLASS_INDEX[name] for name in ("sky", "grass", "car"))
RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture
def crops(tools):
    return tools("crops")


def scenes(*labels):
    """Label maps as scenes: sky is blue and all else red."""
    stacked = np.stack(labels).astype(np.uint8)
    images = np.where((stacked == SKY)[..., None], BLUE, RED).astype(np.uint8)
    return images, stacked


def plain(label):
    return np.full((192, 256), label)


def halves():
    """Sky above, grass below."""
    labels = plain(SKY)
    labels[96:] = GRASS
    return labels


def denormalised(crops, images):
    """(B, 3, S, S) as the model gets them -> (B, S, S, 3), about [0, 1]."""
    return images.permute(0, 2, 3, 1).numpy() * crops.STD + crops.MEAN


def is_in(sets, label):
    return (sets >> label & 1).bool()


def test_a_batch_is_a_function_of_the_seed(crops):
    source = crops.Crops(*scenes(halves()), side=24)
    (first, texts, sets), (again, same, also) = (source.batch(Rng(4), 5) for _ in range(2))
    other, *_ = source.batch(Rng(5), 5)
    assert (first.shape, first.dtype) == ((5, 3, 24, 24), torch.float32)
    assert (sets.shape, sets.dtype) == ((5,), torch.int64)
    assert len(texts) == 5
    assert all(texts)
    assert torch.equal(first, again)
    assert (texts, sets.tolist()) == (same, also.tolist())
    assert not torch.equal(first, other)


class TestSets:
    def test_one_class_is_one_bit(self, crops):
        for label in (SKY, CAR, len(CLASSES) - 1):
            _, captions, sets = crops.Crops(*scenes(plain(label)), side=8).batch(Rng(0), 3)
            assert sets.tolist() == [2**label] * 3
            c = CLASSES[label]
            words = (c.name, *c.synonyms, *c.kinds)
            assert all(any(word in caption for word in words) for caption in captions)

    @pytest.mark.parametrize("tight", [0.0, 1.0])
    def test_of_two_halves_it_is_what_the_crop_shows(self, crops, tight):
        source = crops.Crops(*scenes(halves()), side=48, tight=tight)
        images, captions, sets = source.batch(Rng(0), 150)
        pixels = denormalised(crops, images)
        blue = (pixels[..., 2] > pixels[..., 0]).mean(axis=(1, 2))
        for share, label, words in (
            (blue, SKY, ("sky", "heaven")),
            (1 - blue, GRASS, ("grass", "lawn", "meadow")),
        ):
            found = is_in(sets, label).numpy()
            clear = np.abs(share - crops.VISIBLE) > 0.02  # every third pixel is counted
            np.testing.assert_array_equal(found[clear], share[clear] > crops.VISIBLE)
            named = [any(word in caption for word in words) for caption in captions]
            assert (np.array(named) == found)[found].all()
        assert not (sets & ~(1 << SKY | 1 << GRASS)).any()
        assert 0.02 < (blue < 0.02).mean() + (blue > 0.98).mean() < 0.9  # of both kinds

    def test_largest_first_and_at_most_six(self, crops):
        labels = np.digitize(Rng(0).array(192, 256), [0.6, 0.9])  # 60 %, 30 %, 10 %
        assert crops.visible_classes(labels) == [0, 1, 2]
        labels = np.floor(Rng(0).array(192, 256) * 9)  # nine classes of eleven per cent
        _, _, sets = crops.Crops(*scenes(labels), side=8).batch(Rng(1), 30)
        assert {bin(bits).count("1") for bits in sets.tolist()} == {6}


def test_crops_of_one_scene_are_neighbours(crops):
    """Each of eight scenes has one class, its number; the last group may be unfinished."""
    for per_scene, size, num_scenes in ((1, 24, 6), (2, 24, 3), (4, 26, 3)):
        source = crops.Crops(*scenes(*map(plain, range(8))), side=8, per_scene=per_scene)
        _, _, sets = source.batch(Rng(0), size)
        groups = sets.split(per_scene)
        assert all(len(group.unique()) == 1 for group in groups)
        assert len(sets.unique()) >= num_scenes


def test_scenes_that_are_drawn_are_not_drawn_again(crops, tmp_path, monkeypatch):
    images, labels = scenes(halves(), plain(CAR))
    np.save(tmp_path / "images_2.npy", images)
    np.save(tmp_path / "labels_2.npy", labels)
    monkeypatch.setattr(crops, "draw_training_scene", None)
    found = crops.cache_scenes(tmp_path, 2, processes=1)
    for array, expected in zip(found, (images, labels), strict=True):
        assert isinstance(array, np.memmap)
        np.testing.assert_array_equal(array, expected)
