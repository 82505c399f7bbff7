"""Crops: their pixels, and captions and class sets that agree with them."""

import numpy as np
import pytest
import torch
from clip.clip import _transform

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


class TestBatch:
    def test_a_function_of_the_seed(self, crops):
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

    def test_normalised_as_clip_does(self, crops):
        normalise = _transform(32).transforms[-1]
        np.testing.assert_allclose(crops.MEAN, normalise.mean, rtol=1e-6)
        np.testing.assert_allclose(crops.STD, normalise.std, rtol=1e-6)

    def test_grey_changes_by_its_brightness_alone(self, crops):
        """Contrast turns about the middle: 127.5 is no byte, so within half a step of it."""
        grey = np.full((1, 192, 256, 3), 127, np.uint8), np.zeros((1, 192, 256), np.uint8)
        images, _, _ = crops.Crops(*grey, side=8).batch(Rng(0), 60)
        seen = denormalised(crops, images).reshape(60, -1) - 0.5
        assert np.ptp(seen, axis=1).max() < 1e-5
        assert np.abs(seen).max() < 0.08 + 1.15 * 0.5 / 255 + 1e-5
        assert seen.min() < -0.06
        assert seen.max() > 0.06

    def test_contrast(self, crops):
        """Black and white lie 0.85 to 1.15 apart."""
        stripes = np.zeros((1, 192, 256, 3), np.uint8)
        stripes[:, 96:] = 255
        source = crops.Crops(stripes, np.zeros((1, 192, 256), np.uint8), side=32, tight=0.0)
        images, _, _ = source.batch(Rng(0), 100)
        apart = np.ptp(denormalised(crops, images).reshape(100, -1), axis=1)
        apart = apart[apart > 0.5]  # crops with both
        assert len(apart) > 20
        assert apart.min() > 0.85 - 1e-3
        assert apart.max() < 1.15 + 0.02  # a sharper border by the resize is possible, not more
        assert np.ptp(apart) > 0.2


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

    def test_what_is_hardly_there_is_not_mentioned(self, crops):
        """Pixels here and there: as large a share of every crop, within a standard error of 1 %."""
        for share, visible in ((0.01, False), (0.06, True)):
            labels = np.where(Rng(0).array(192, 256) < share, CAR, SKY)
            source = crops.Crops(*scenes(labels), side=8, tight=0.0)
            _, captions, sets = source.batch(Rng(1), 60)
            assert set(is_in(sets, CAR).tolist()) == {visible}
            named = [any(w in text for w in ("car", "automobile", "vehicle")) for text in captions]
            assert set(named) == {visible}

    def test_largest_first_and_at_most_six(self, crops):
        labels = np.digitize(Rng(0).array(192, 256), [0.6, 0.9])  # 60 %, 30 %, 10 %
        source = crops.Crops(*scenes(labels), side=8, tight=0.0)
        chance = Rng(1)
        for _ in range(20):
            _, seen = source._crop(chance, source.images[0], source.labels[0])
            assert crops.visible_classes(seen) == [0, 1, 2]
        labels = np.floor(Rng(0).array(192, 256) * 9)  # nine classes of eleven per cent
        _, _, sets = crops.Crops(*scenes(labels), side=8).batch(Rng(1), 30)
        assert {bin(bits).count("1") for bits in sets.tolist()} == {6}


class TestWhere:
    def test_crops_of_one_scene_are_neighbours(self, crops):
        """Each of eight scenes has one class, its number; the last group may be unfinished."""
        for per_scene, size, num_scenes in ((1, 24, 6), (2, 24, 3), (4, 26, 3)):
            source = crops.Crops(*scenes(*map(plain, range(8))), side=8, per_scene=per_scene)
            _, _, sets = source.batch(Rng(0), size)
            groups = sets.split(per_scene)
            assert all(len(group.unique()) == 1 for group in groups)
            assert len(sets.unique()) >= num_scenes

    def test_tight_crops_are_around_a_thing(self, crops):
        """Sky and one small car: three of four want the car, of the others one in two."""
        labels = plain(SKY)
        labels[20:60, 200:240] = CAR
        shares = []
        for tight in (0.0, 1.0):
            source = crops.Crops(*scenes(labels), side=8, tight=tight)
            _, _, sets = source.batch(Rng(0), 200)
            shares.append(is_in(sets, CAR).float().mean().item())
        assert shares[1] > 0.8
        assert shares[0] < 0.7

    def test_crops_stay_on_the_page(self, crops):
        for corner in ((0, 0), (191, 0), (0, 255), (191, 255)):
            labels = plain(SKY)
            labels[corner] = CAR
            source = crops.Crops(*scenes(labels), side=8, tight=1.0)
            chance = Rng(0)
            for _ in range(40):
                crop, _ = source._crop(chance, source.images[0], source.labels[0])
                assert crop.shape == (8, 8, 3)

    def test_half_are_mirrored(self, crops):
        """A page that grows lighter to the right."""
        ramp = np.broadcast_to(np.arange(256, dtype=np.uint8)[None, :, None], (1, 192, 256, 3))
        source = crops.Crops(ramp, np.zeros((1, 192, 256), np.uint8), side=16)
        images, _, _ = source.batch(Rng(0), 200)
        rising = images[:, 0, :, -1].mean(dim=1) > images[:, 0, :, 0].mean(dim=1)
        assert rising.float().mean().item() == pytest.approx(0.5, abs=0.11)  # three standard errors


def test_scenes_that_are_drawn_are_not_drawn_again(crops, tmp_path, monkeypatch):
    images, labels = scenes(halves(), plain(CAR))
    np.save(tmp_path / "images_2.npy", images)
    np.save(tmp_path / "labels_2.npy", labels)
    monkeypatch.setattr(crops, "draw_training_scene", None)
    found = crops.cache_scenes(tmp_path, 2, processes=1)
    for array, expected in zip(found, (images, labels), strict=True):
        assert isinstance(array, np.memmap)
        np.testing.assert_array_equal(array, expected)
