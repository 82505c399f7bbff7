"""More than 8 bits, signed values, floats and missing values become 0 to 255."""

import numpy as np
import pytest

from freecp_d2.data.images.bit_depth import find_scale
from freecp_d2.data.images.options import Reading, parse_bands
from freecp_d2.data.images.refused_formats import Unreadable

GREY = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
AUTO = Reading()


def scaled(values, num_bits=None, reading=AUTO, **options):
    return find_scale(values, num_bits or 8 * values.dtype.itemsize, reading, **options)(values)


def test_the_used_bits_are_read_from_the_values():
    for bits in (8, 10, 12, 14, 16):
        found = scaled(GREY.astype(np.uint16) << (bits - 8))
        assert np.array_equal(found.values, GREY)
        assert (f"{bits} are used" in found.note) == (bits < 16)
        inverted = (GREY.astype(np.uint16) << (bits - 8)) ^ (2**bits - 1)
        assert np.array_equal(scaled(inverted, is_inverted=True).values, GREY)


def test_wide_and_signed_integers_are_scaled():
    for values in (GREY.astype(np.uint32) << 24, GREY.astype(np.int32) << 23):
        assert np.array_equal(scaled(values).values, GREY)
    found = scaled(GREY.astype(np.int16) * 16 - 1024)
    assert "signed" in found.note
    assert found.values.min() == 0
    assert found.values.max() == 255
    assert (np.diff(found.values.astype(int).ravel()) >= 0).all()


def test_a_few_bright_values_do_not_hide_the_rest():
    values = (GREY.repeat(8, axis=0).repeat(8, axis=1)).astype(np.uint16) << 4
    values[0, 0] = 65535
    found = scaled(values)
    assert found.values[0, 0] == 255
    assert found.values[100, 100] == values[100, 100] >> 4


def test_a_nearly_black_image_is_stretched_with_a_note():
    values = np.full((50, 50, 1), 300, dtype=np.uint16)
    values[:25] = 900
    values[0] = 16000  # 2 % of the values use 14 bits
    values[0, :10] = 900
    found = scaled(values)
    assert (found.values[30, 0, 0], found.values[20, 0, 0]) == (0, 255)
    assert "shown from 300 to 900" in found.note
    assert scaled(values, reading=Reading(value_range="full")).values[20, 0, 0] == 3
    dark = values.astype(np.uint8) // 8
    assert np.array_equal(scaled(dark).values, dark), "8 bits stay as they are"


def test_floats():
    for values in (GREY / np.float32(255), GREY.astype(np.float64)):
        assert np.array_equal(scaled(values).values, GREY)
        assert not scaled(values).note
    elevation = scaled(GREY.astype(np.float32) * 30)
    assert "floats of 32 bits, shown from" in elevation.note
    assert elevation.values.max() == 255


def test_missing_values_are_black_and_counted():
    for dtype, fill, declared in (
        (np.float32, np.nan, None),
        (np.float32, -9999, None),
        (np.float32, np.finfo(np.float32).min, None),
        (np.float32, -1234, -1234.0),
        (np.int16, -32768, None),
        (np.uint16, 65535, 65535.0),
    ):
        values = GREY.astype(dtype)
        values[:4] = fill
        found = scaled(values, missing=declared)
        assert "25.0% of the pixels have no value" in found.note
        assert (found.values[:4] == 0).all()
        assert np.array_equal(found.values[4:], GREY[4:])
        with pytest.raises(Unreadable, match="missing"):
            scaled(np.full((3, 3, 1), fill, dtype=dtype), missing=declared)


def test_the_range_can_be_chosen():
    values = GREY.astype(np.uint16) << 4
    assert scaled(values, reading=Reading(value_range="full")).values.max() == 15
    assert np.array_equal(scaled(values, reading=Reading(value_range="0:4095")).values, GREY)
    two = np.concatenate([values, values * 3], axis=2)
    each = scaled(two, reading=Reading(value_range="percentiles")).values
    assert np.abs(each[..., 0].astype(int) - each[..., 1]).max() <= 1
    for wrong in ("min:max", "9:3", "", "bits"):
        with pytest.raises(ValueError, match=r"INPUT\.VALUE_RANGE"):
            Reading(value_range=wrong)


def test_bands_are_one_or_three_numbers_from_1():
    assert parse_bands(" 4, 3,2 ") == (4, 3, 2)
    assert parse_bands("") == ()
    for wrong in ("4,3", "0,1,2", "a", "1;2;3", "1,,2"):
        with pytest.raises(ValueError, match="4,3,2"):
            parse_bands(wrong)
