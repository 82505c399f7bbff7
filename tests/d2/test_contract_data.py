"""What this project expects of catalogs, of loaders, of the mapper and of image reading."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from freecp_d2.d2 import (
    DatasetCatalog,
    DatasetMapper,
    MetadataCatalog,
    build_detection_test_loader,
    check_image_size,
    detection_utils,
    get_cfg,
    read_image,
)

Dataset = tuple[str, list[dict[str, Any]]]

# A 2 x 3 image whose six pixels all differ in every channel.
PIXELS = np.arange(18, dtype=np.uint8).reshape(2, 3, 3) * 10


class TestCatalogs:
    def test_records_come_from_the_function(self, dataset: Dataset) -> None:
        name, records = dataset
        assert DatasetCatalog.get(name) == records
        assert name in DatasetCatalog.list()
        DatasetCatalog.register("d2_tests_late", lambda: [][0])  # called by `get` only
        try:
            with pytest.raises(IndexError):
                DatasetCatalog.get("d2_tests_late")
        finally:
            DatasetCatalog.remove("d2_tests_late")

    def test_refused_names(self, dataset: Dataset) -> None:
        with pytest.raises(AssertionError, match=r"d2_tests_val.*already registered"):
            DatasetCatalog.register(dataset[0], list)
        with pytest.raises(KeyError, match="d2_tests_val") as error:
            DatasetCatalog.get("d2_tests_typo")
        assert "d2_tests_typo" in str(error.value)

    def test_metadata(self) -> None:
        meta = MetadataCatalog.get("d2_tests_meta")
        try:
            with pytest.raises(AttributeError, match=r"d2_tests_meta.*empty"):
                _ = meta.stuff_classes
            assert meta.set(ignore_label=255, stuff_classes=["a"]) is meta
            assert MetadataCatalog.get("d2_tests_meta").ignore_label == 255
            meta.ignore_label = 255  # the same value again is fine
            assert (meta.get("stuff_classes"), meta.get("nothing", 3)) == (["a"], 3)
            expected = {"name": "d2_tests_meta", "ignore_label": 255, "stuff_classes": ["a"]}
            assert meta.as_dict() == expected
            with pytest.raises(AssertionError, match=r"stuff_classes.*\n.*\['a'\] != \['b'\]"):
                meta.stuff_classes = ["b"]
            with pytest.raises(AttributeError, match=r"evaluator.*d2_tests_meta.*stuff_classes"):
                _ = meta.evaluator
        finally:
            MetadataCatalog.remove("d2_tests_meta")


class TestReadImage:
    def test_channel_order(self, tmp_path: Path) -> None:
        Image.fromarray(PIXELS).save(tmp_path / "a.png")
        for mode, expected in [("RGB", PIXELS), ("BGR", PIXELS[:, :, ::-1]), (None, PIXELS)]:
            image = read_image(str(tmp_path / "a.png"), mode)
            assert image.dtype == np.uint8
            np.testing.assert_array_equal(image, expected)

        labels = np.array([[0, 1, 255], [7, 7, 2]], dtype=np.uint8)
        Image.fromarray(labels).save(tmp_path / "a.png")
        np.testing.assert_array_equal(read_image(str(tmp_path / "a.png"), "L"), labels[:, :, None])

    def test_exif_orientation(self, tmp_path: Path) -> None:
        for orientation, upright in [
            (1, PIXELS),
            (2, PIXELS[:, ::-1]),
            (3, PIXELS[::-1, ::-1]),
            (4, PIXELS[::-1]),
            (5, PIXELS.transpose(1, 0, 2)),
            (6, np.rot90(PIXELS, -1)),
            (7, PIXELS[::-1, ::-1].transpose(1, 0, 2)),
            (8, np.rot90(PIXELS, 1)),
        ]:
            exif = Image.Exif()
            exif[274] = orientation
            Image.fromarray(PIXELS).save(tmp_path / "a.png", exif=exif)  # png is lossless
            np.testing.assert_array_equal(read_image(str(tmp_path / "a.png"), "RGB"), upright)

    def test_size_is_checked_and_filled_in(self) -> None:
        record: dict[str, Any] = {"file_name": "a.png", "height": 2, "width": 3}
        check_image_size(record, PIXELS)
        empty: dict[str, Any] = {}
        check_image_size(empty, PIXELS)
        assert empty == {"height": 2, "width": 3}

        record = {"file_name": "a.png", "height": 3, "width": 2}
        with pytest.raises(detection_utils.SizeMismatchError, match=r"a\.png.*\(3, 2\).*\(2, 3\)"):
            check_image_size(record, PIXELS)
        assert issubclass(detection_utils.SizeMismatchError, ValueError)


class TestMapper:
    def test_from_config(self, dataset: Dataset) -> None:
        cfg = get_cfg()
        cfg.INPUT.MIN_SIZE_TEST, cfg.INPUT.MAX_SIZE_TEST = 4, 100
        record = dataset[1][0]
        before = dict(record)
        out = DatasetMapper(cfg, False)(record)
        assert record == before
        assert set(out) == {"file_name", "height", "width", "image", "sem_seg"}
        assert (out["height"], out["width"]) == (2, 2)  # of the file, not of the tensor
        assert (out["image"].dtype, tuple(out["image"].shape)) == (torch.uint8, (3, 4, 4))
        assert out["sem_seg"].dtype == torch.int64
        enlarged = [[0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1]]
        assert out["sem_seg"].tolist() == enlarged

    def test_wrong_size(self, dataset: Dataset) -> None:
        cfg = get_cfg()
        record = {**dataset[1][0], "height": 3}
        with pytest.raises(detection_utils.SizeMismatchError, match=r"0\.png"):
            DatasetMapper(cfg, False)(record)


class TestLoader:
    def test_from_config(self, dataset: Dataset) -> None:
        cfg = get_cfg()
        cfg.DATALOADER.NUM_WORKERS = 0
        cfg.INPUT.MIN_SIZE_TEST = 0
        loader = build_detection_test_loader(cfg, dataset[0])
        batches = list(loader)
        assert len(loader) == 3
        assert all(isinstance(batch, list) and len(batch) == 1 for batch in batches)
        assert [batch[0]["file_name"] for batch in batches] == [
            record["file_name"] for record in dataset[1]
        ]
        loader = build_detection_test_loader(cfg, dataset[0], mapper=lambda r: r["height"])
        assert list(loader) == [[2], [2], [2]]

    def test_worker_processes_keep_the_order(self) -> None:
        factor = 3  # a closure, which a worker process cannot import by name
        loader = build_detection_test_loader(
            dataset=list(range(7)), mapper=lambda n: n * factor, num_workers=2
        )
        assert list(loader) == [[n * 3] for n in range(7)]

    def test_item_that_maps_to_none_is_replaced(self) -> None:
        loader = build_detection_test_loader(
            dataset=[1, 2, 3], mapper=lambda n: None if n == 2 else n
        )
        (first,), (second,), (third,) = loader
        assert (first, third) == (1, 3)
        assert second in (1, 3)

    def test_empty_datasets(self) -> None:
        with pytest.raises((AssertionError, ValueError)):
            build_detection_test_loader(dataset=[], mapper=lambda n: n)
        DatasetCatalog.register("d2_tests_empty", list)
        try:
            with pytest.raises(AssertionError, match="d2_tests_empty"):
                build_detection_test_loader(get_cfg(), "d2_tests_empty")
        finally:
            DatasetCatalog.remove("d2_tests_empty")
