"""What this project expects of resizing and of augmentations."""

import numpy as np
import pytest

from freecp_d2.d2 import transforms as T


def test_output_shape() -> None:
    for size, short, longest, expected in [
        ((100, 200), 50, 1000, (50, 100)),
        ((200, 100), 50, 1000, (100, 50)),
        ((100, 100), 50, 1000, (50, 50)),
        ((100, 200), 80, 120, (60, 120)),  # 80 x 160 is too long: the maximum wins
        ((3, 10), 5, 100, (5, 17)),  # 16.67 rounds up
        ((2, 5), 3, 100, (3, 8)),  # 7.5 rounds up
        ((2, 3), 3, 100, (3, 5)),  # 4.5 rounds up, not to the even number
        ((4, 5), 3, 100, (3, 4)),  # 3.75
        ((427, 640), 336, 2048, (336, 504)),  # 503.6
        ((375, 500), 448, 2048, (448, 597)),  # 597.3
    ]:
        assert T.ResizeShortestEdge.get_output_shape(*size, short, longest) == expected


def test_resize_shortest_edge_transforms_the_input() -> None:
    inputs = T.AugInput(
        np.zeros((4, 8, 3), np.uint8),
        boxes=np.array([[0.0, 1.0, 4.0, 3.0]]),
        sem_seg=np.eye(4, 8, dtype=np.uint8),
    )
    transform = T.ResizeShortestEdge(2, 100)(inputs)
    assert isinstance(transform, T.ResizeTransform)
    assert (inputs.image.shape, inputs.sem_seg.shape) == ((2, 4, 3), (2, 4))
    np.testing.assert_allclose(inputs.boxes, [[0.0, 0.5, 2.0, 1.5]])
    assert set(np.unique(inputs.sem_seg)) <= {0, 1}


def test_short_edge_zero_does_nothing() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    transform = T.ResizeShortestEdge([0], 1333, "choice").get_transform(image)
    assert isinstance(transform, T.NoOpTransform)
    np.testing.assert_array_equal(transform.apply_image(image), image)


class TestResizeTransform:
    def test_halving_averages_as_pillow_does(self) -> None:
        # Pillow's bilinear filter widens with the reduction: at scale 2 the weights are a triangle
        # over four pixels, (1, 3, 3, 1) / 8, cut off and normalised at the border.
        row = np.array([[0, 0, 80, 80]], dtype=np.uint8)
        image = np.repeat(row, 4, axis=0)
        out = T.ResizeTransform(4, 4, 2, 2).apply_image(image)
        first = (3 * 0 + 3 * 0 + 1 * 80) / 7
        second = (1 * 0 + 3 * 80 + 3 * 80) / 7
        np.testing.assert_allclose(out[0], [first, second], atol=0.5)  # rounded to integers

    def test_floating_point_is_not_antialiased(self) -> None:
        # The centre of each new pixel lies between two old ones: their mean.
        image = np.tile(np.array([0.0, 0.0, 80.0, 80.0], np.float32), (4, 1))
        out = T.ResizeTransform(4, 4, 2, 2).apply_image(image)
        np.testing.assert_allclose(out, [[0.0, 80.0], [0.0, 80.0]])

    def test_labels_are_never_mixed(self) -> None:
        labels = np.array([[0, 9], [9, 200]], dtype=np.uint8)
        out = T.ResizeTransform(2, 2, 4, 4).apply_segmentation(labels)
        np.testing.assert_array_equal(out, np.kron(labels, np.ones((2, 2), np.uint8)))

    def test_flipped_channels(self) -> None:
        """`read_image` returns BGR as a view with a negative stride."""
        for dtype in (np.uint8, np.float32):
            image = np.random.default_rng(0).integers(0, 255, (6, 8, 3)).astype(dtype)
            resize = T.ResizeTransform(6, 8, 4, 5).apply_image
            np.testing.assert_allclose(resize(image[:, :, ::-1]), resize(image)[:, :, ::-1])

    def test_coordinates_and_inverse(self) -> None:
        transform = T.ResizeTransform(2, 4, 6, 8)
        points = np.array([[1.0, 1.0], [4.0, 2.0]])
        there = transform.apply_coords(points.copy())
        assert there.tolist() == [[2.0, 3.0], [8.0, 6.0]]
        np.testing.assert_allclose(transform.inverse().apply_coords(there), points)

        with pytest.raises(AssertionError):
            T.ResizeTransform(4, 4, 2, 2).apply_image(np.zeros((4, 5), np.uint8))


class TestAugmentations:
    def test_list_applies_in_order_and_returns_the_transforms(self) -> None:
        class FlipAfterResize(T.Augmentation):
            def get_transform(self, image: np.ndarray, sem_seg: np.ndarray) -> T.Transform:
                assert image.shape[:2] == sem_seg.shape == (2, 2)
                return T.HFlipTransform(2)

        inputs = T.AugInput(
            np.zeros((4, 4, 3), np.uint8), sem_seg=np.kron([[1, 2], [3, 4]], np.ones((2, 2))) * 1.0
        )
        applied = inputs.apply_augmentations([T.ResizeTransform(4, 4, 2, 2), FlipAfterResize()])
        assert inputs.sem_seg.tolist() == [[2.0, 1.0], [4.0, 3.0]]
        assert [type(t) for t in applied.transforms] == [T.ResizeTransform, T.HFlipTransform]
