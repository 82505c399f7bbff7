"""The dataset mapper: images as Detectron2 reads them, both resize rules, the oracle."""

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from freecp_d2.config import add_freecp_config
from freecp_d2.d2 import DatasetMapper, get_cfg, read_image
from freecp_d2.d2 import transforms as T
from freecp_d2.data.labels import raw_encoding
from freecp_d2.data.mapper import CV2ResizeTransform, FreeCPDatasetMapper, read_color_image


def make_mapper(**changes):
    options = {"image_format": "RGB", "min_size": 0, "max_size": 2048, "resize": "cv2"}
    return FreeCPDatasetMapper(**{**options, **changes})


def make_image(height=40, width=60):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def photo(tmp_path):
    Image.fromarray(make_image()).save(tmp_path / "a.png")
    return str(tmp_path / "a.png")


def test_output(photo):
    record = {"file_name": photo, "height": 40, "width": 60, "image_id": 7}
    record |= {"sem_seg_file_name": "b.png", "label_encoding": 1}
    before = dict(record)
    inputs = make_mapper()(record)
    assert record == before
    assert inputs.keys() == {"file_name", "height", "width", "image", "image_id"}
    assert inputs["image"].dtype == torch.uint8
    assert inputs["image"].is_contiguous()
    np.testing.assert_array_equal(inputs["image"].permute(1, 2, 0), make_image())
    bgr = make_mapper(image_format="BGR")({"file_name": photo})["image"]
    assert torch.equal(inputs["image"].flip(0), bgr)


@pytest.mark.parametrize("resize", ["cv2", "pil"])
def test_output_size(tmp_path, resize):
    for size, min_size, max_size, expected in (
        ((40, 60), 20, 100, (20, 30)),
        ((60, 40), 20, 100, (30, 20)),
        ((40, 60), 80, 2048, (80, 120)),
        ((40, 61), 20, 100, (20, 31)),  # 30.5 rounds up
        ((10, 400), 20, 100, (3, 100)),  # max_size takes precedence
        ((40, 60), 0, 100, (40, 60)),
        ((1, 5000), 20, 100, (1, 100)),  # a fiftieth of a pixel high, which must not become 0
    ):
        Image.fromarray(make_image(*size)).save(tmp_path / "a.png")
        mapper = make_mapper(min_size=min_size, max_size=max_size, resize=resize)
        inputs = mapper({"file_name": str(tmp_path / "a.png")})
        assert tuple(inputs["image"].shape) == (3, *expected)
        assert (inputs["height"], inputs["width"]) == size
        if min_size and size[0] > 1:
            assert T.ResizeShortestEdge.get_output_shape(*size, min_size, max_size) == expected


def test_cv2_is_plain_bilinear_and_pil_is_detectron2s(photo):
    record = {"file_name": photo}
    plain = make_mapper(min_size=20)(record)["image"].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(plain, cv2.resize(make_image(), (30, 20)))
    detectron2 = DatasetMapper(
        is_train=False, augmentations=[T.ResizeShortestEdge(20, 2048)], image_format="RGB"
    )
    pil = make_mapper(min_size=20, resize="pil")(record)["image"]
    assert torch.equal(pil, detectron2(record)["image"])
    # Noise shows that only one of the two averages over all pixels it drops.
    assert pil.float().std() < 0.8 * plain.astype(float).std()


def test_cv2_halving_by_hand():
    image = np.array([[0, 10, 20, 30], [40, 50, 60, 70]], np.uint8)
    transform = CV2ResizeTransform(2, 4, 1, 2)
    assert transform.apply_image(image).tolist() == [[25, 45]]
    assert transform.apply_image(image[:, :, None]).shape == (1, 2, 1)
    assert transform.apply_coords(np.array([[4.0, 2.0]])).tolist() == [[2.0, 1.0]]
    assert set(transform.apply_segmentation(image).ravel()) <= set(image.ravel())


def test_images_are_read_as_detectron2_reads_them(tmp_path):
    for mode in ("L", "P", "RGBA", "LA", "1", "CMYK", "RGB"):
        path = str(tmp_path / ("a.tif" if mode == "CMYK" else "a.png"))
        Image.fromarray(make_image()).convert(mode).save(path)
        for image_format in ("RGB", "BGR"):
            found = read_color_image(path, image_format)
            assert np.array_equal(found, read_image(path, image_format)), (mode, image_format)


def test_an_image_of_another_size_is_named(photo):
    with pytest.raises(ValueError, match=r"a.png"):
        make_mapper()({"file_name": photo, "height": 41, "width": 60})


def test_wrong_settings_name_their_key():
    for changes, key in (
        ({"image_format": "L"}, "INPUT.FORMAT"),
        ({"resize": "bicubic"}, "INPUT.RESIZE"),
        ({"min_size": 448, "max_size": 300}, "INPUT.MAX_SIZE_TEST=300"),
    ):
        with pytest.raises(ValueError, match=key):
            make_mapper(**changes)


def test_from_config():
    cfg = get_cfg()
    add_freecp_config(cfg)
    cfg.INPUT.RESIZE = "pil"
    cfg.INPUT.MIN_SIZE_TEST = 448
    mapper = FreeCPDatasetMapper(cfg, is_train=False)
    settings = (mapper.image_format, mapper.min_size, mapper.max_size, mapper.resize)
    assert settings == (cfg.INPUT.FORMAT, 448, cfg.INPUT.MAX_SIZE_TEST, "pil")
    assert not mapper.oracle
    cfg.MODEL.PURIFICATION_HEAD.ORACLE = True
    assert FreeCPDatasetMapper(cfg).oracle
    cfg.INPUT.BANDS = [3, 2, 1]
    assert FreeCPDatasetMapper(cfg).reading.bands == (3, 2, 1)
    assert FreeCPDatasetMapper(cfg, min_size=100).min_size == 100
    with pytest.raises(ValueError, match="nothing to train"):
        FreeCPDatasetMapper(cfg, True)


def test_the_oracle_gets_the_classes_and_no_labels(tmp_path, photo):
    record = {"file_name": photo, "sem_seg_file_name": str(tmp_path / "b.png")}
    for values, more, expected in (
        ([[3, 0], [7, 255]], {}, [0, 3, 7]),  # train ids
        ([[3, 0], [7, 0]], {"label_encoding": raw_encoding(10)}, [2, 6]),
    ):
        Image.fromarray(np.array(values, dtype=np.uint8)).save(tmp_path / "b.png")
        inputs = make_mapper(oracle=True)(record | more)
        assert inputs["classes"] == expected
        assert inputs.keys() == {"file_name", "height", "width", "image", "classes"}
    with pytest.raises(ValueError, match=r'has no "sem_seg_file_name".*switch the oracle'):
        make_mapper(oracle=True)({"file_name": photo})
