"""Every dataset is checked before a run: what is wrong with labels and metadata is named."""

import pytest
from PIL import Image

from freecp_d2.d2 import DatasetCatalog, MetadataCatalog
from freecp_d2.data import BENCHMARKS
from freecp_d2.data.dataset_checks import check_dataset, check_metadata, check_names
from freecp_d2.data.label_palettes import voc_palette
from freecp_d2.data.labels import shifted_encoding
from freecp_d2.data.verification import verify_folder
from freecp_d2.text import Vocabulary

from .own.conftest import HEIGHT, WIDTH, Mine, stripes

VOC = list(BENCHMARKS["voc20"].class_names)


@pytest.fixture
def mine(tmp_path):
    return Mine(tmp_path / "mine")


@pytest.fixture
def registered(request, tmp_path):
    """Register labels as a user's code does; returns the dataset's name and its records."""
    name = f"own_{request.node.name}"

    def register(*labels, classes=("sky", "road", "car"), encoding=None, **metadata):
        mine = Mine(tmp_path / "registered")
        records = []
        for i, label in enumerate(labels):
            path = mine.add(f"{i:03d}", label)
            image = mine.root / "images" / f"{i:03d}.jpg"
            record = {"file_name": str(image), "sem_seg_file_name": str(path)}
            records.append(record | ({"label_encoding": encoding} if encoding else {}))
        DatasetCatalog.register(name, lambda: records)
        MetadataCatalog.get(name).set(
            **({"stuff_classes": list(classes), "ignore_label": 255} | metadata)
        )
        return name, records

    yield register
    for catalog in (DatasetCatalog, MetadataCatalog):
        if name in catalog.list():
            catalog.remove(name)


def turned(image):
    exif = Image.Exif()
    exif[0x0112] = 6
    return {"exif": exif}


GREY = Image.fromarray(stripes(0, 1, 2))
KINDS = {
    "RGB": (GREY.convert("RGB"), {}, "RGB colours"),
    "RGBA": (GREY.convert("RGBA"), {}, "RGBA"),
    "grey with alpha": (GREY.convert("LA"), {}, "grey with transparency"),
    "1 bit": (Image.fromarray(stripes(0, 1) > 0), {}, "1 bit a pixel"),
    "float": (GREY.convert("F"), {"suffix": ".tif"}, "floating-point"),
    "EXIF": (GREY, turned(GREY), "EXIF orientation 6"),
    "half": (GREY.resize((WIDTH // 2, HEIGHT // 2)), {}, "label has 1/2 of the image's size"),
    "on its side": (GREY.transpose(Image.Transpose.ROTATE_90), {}, "lies on its side"),
    "JPEG as .png": (GREY, {"format": "JPEG"}, "stored as JPEG"),
    "interpolated": (
        Image.fromarray(stripes(0, 255)).resize((5, 5)).resize((WIDTH, HEIGHT)),
        {},
        "resized with interpolation",
    ),
    "all ignored": (Image.fromarray(stripes(255)), {}, "all are ignored"),
    "mask": (Image.fromarray(stripes(0, 255)), {}, "0 and 255"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_labels_that_are_none(mine, kind):
    label, options, message = KINDS[kind]
    path = mine.add("a", label, **options)
    (finding,) = verify_folder(mine.name).findings
    assert message in finding
    assert path.name in finding


def test_a_label_of_the_stored_pixels_of_a_turned_image(mine):
    mine.add("a", GREY)
    Image.new("RGB", (WIDTH, HEIGHT)).save(mine.root / "images/a.jpg", **turned(None))
    (finding,) = verify_folder(mine.name).findings
    assert "not as EXIF turns it" in finding


def test_a_mask_that_is_described(mine):
    mine.add("a", stripes(0, 255))
    mine.write("dataset.yaml", "classes: {0: background, 255: car}\nignore: []\n")
    assert verify_folder(mine.name).findings == ()
    mine.write("dataset.yaml", "ignore: [255]\n")
    found = verify_folder(mine.name)
    assert found.findings == ()
    assert [count > 0 for count in found.pixels] == [True, False, False, True]


def test_the_last_of_many_labels_is_decoded(registered):
    name, records = registered(*[None] * 40, stripes(0, 7))
    with pytest.raises(ValueError, match=r"1 of 41 labels .*040\.png.*values 7, expected 0\.\.2"):
        check_dataset(name, records)


def test_masks_of_registered_datasets(registered):
    name, records = registered(*[stripes(0, 255)] * 2)
    with pytest.raises(ValueError, match=r"0 and 255.*masks of one class"):
        check_dataset(name, records)
    check_dataset(name, records[:1])  # one image may have one class alone


def test_labels_of_one_class_are_doubtful(registered, caplog):
    name, records = registered(*[stripes(1, 255)] * 2)
    check_dataset(name, records[:1])
    assert all(record.levelname == "INFO" for record in caplog.records)
    check_dataset(name, records)
    assert "class 1 of 3" in caplog.text


def test_masks_among_other_labels_are_doubtful(registered, caplog):
    mask = stripes(0, 255)
    name, records = registered(mask, stripes(0, 1), stripes(2, 255), mask, mask)
    check_dataset(name, records[:4])
    assert all(record.levelname == "INFO" for record in caplog.records)
    check_dataset(name, records)
    assert "3 of 5 labels" in caplog.text
    assert "as masks of one class" in caplog.text


def test_masks_with_empty_ones_among_them(mine):
    for number, values in enumerate([(0, 255), (0,), (255,)]):
        mine.add(f"{number}", stripes(*values))
    (finding,) = verify_folder(mine.name).findings
    assert "all 3 labels are 0 and 255" in finding


def indexed(label, palette):
    image = Image.fromarray(label).convert("L")
    image.putpalette([part for i in range(256) for part in palette.get(i, (0, 0, 0))])
    return image


def test_palettes_of_voc(registered):
    """A program that saves a label anew numbers its colours by frequency; the colours may change
    a little."""
    voc, encoding = voc_palette(), shifted_encoding(21)
    good = indexed(stripes(0, 15, 255), voc)
    name, records = registered(good, classes=("background", *VOC), encoding=encoding)
    check_dataset(name, records)
    near = {1: (190, 130, 127), 255: voc[255]}
    for palette in ({1: voc[15]}, near, {2: voc[0], 0: voc[15], 1: voc[8]}):
        label = indexed(stripes(0, 1, 2) if 2 in palette else stripes(0, 1), palette)
        label.save(records[0]["sem_seg_file_name"])
        with pytest.raises(ValueError, match=r"000\.png.*index \d+ has the colour of class 15"):
            check_dataset(name, records)


def test_colours_of_the_web(registered):
    """Pillow's `convert("P")` takes the nearest of 216 colours, 51 apart."""
    rgb = indexed(stripes(0, 15, 255), voc_palette()).convert("RGB")
    label = rgb.convert("P", dither=Image.Dither.NONE)
    names = ("background", *VOC)
    name, records = registered(label, classes=names, encoding=shifted_encoding(21))
    with pytest.raises(ValueError, match=r"000\.png: pixel value \d+.*a palette of its own"):
        check_dataset(name, records)


def test_palettes_that_differ_between_files(registered):
    red, blue = (200, 0, 0), (0, 0, 200)
    one, two = ({0: (9, 9, 9), 1: a, 2: b} for a, b in ((red, blue), (blue, red)))
    name, records = registered(indexed(stripes(0, 1, 2), one), indexed(stripes(0, 1, 2), two))
    with pytest.raises(ValueError, match=r"index 1 is #c80000 in .*000\.png and #0000c8 in .*001"):
        check_dataset(name, records)
    check_dataset(name, records[:1])


def test_palettes_without_unused_colours(registered, caplog):
    """Pillow writes GIFs so: the colours of the classes that occur, in their order."""
    colors = [(10 * k, 0, 9) for k in range(6)]
    files = [
        indexed(stripes(*range(len(present))), {i: colors[k] for i, k in enumerate(present)})
        for present in ([0, 5], [0, 3, 5], [0, 1, 5])
    ]
    name, records = registered(*files)
    with pytest.raises(ValueError, match=r"index 1 is #320009 in .*000\.png and #1e0009 in .*001"):
        check_dataset(name, records)
    for k, record in zip((3, 5), records[:2], strict=True):
        label = indexed(stripes(0, 1), {0: colors[0], 1: colors[k]})
        label.save(record["sem_seg_file_name"])
    check_dataset(name, records[:2])
    assert "index 1 is #1e0009" in caplog.text


def test_metadata_are_complete(registered):
    name, _ = registered(None, classes=("sky", "road", "sky"))
    with pytest.raises(ValueError, match="classes 0 and 2 are both named 'sky'"):
        check_metadata(name)
    MetadataCatalog.remove(name)
    MetadataCatalog.get(name).set(stuff_classes=["sky"])
    with pytest.raises(ValueError, match=rf'no ignore_label.*get\("{name}"\).*ignore_label=255'):
        check_metadata(name)


def test_records_are_complete(registered):
    name, records = registered(None, None)
    for broken, message in (
        ([{"file_name": "a.jpg"}], 'record 0 has no "sem_seg_file_name"'),
        ([records[0], records[0]], "1 images occur in several records: .*000.jpg"),
        ([dict(records[0], sem_seg_file_name="/absent.png")], "1 files .*do not exist: /absent"),
    ):
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            check_dataset(name, broken)


def test_names_in_another_order(registered):
    name, _ = registered(None, classes=("dining_table", "road", "car"))
    for words in (
        [("dining table",), ("street", "road"), ("car",)],
        [("table",), ("asphalt",), ("vehicle",)],
    ):
        check_names(name, Vocabulary("words", tuple(words)))
    for table in ("dining table", "DiningTables"):
        words = Vocabulary("words", (("car",), (table,), ("road",)))
        both = f"label 0 is 'dining_table' .* 'car'.*dining_table, road, car.*car, {table}, road"
        with pytest.raises(ValueError, match=both):
            check_names(name, words)


def test_an_image_size_of_another_label_is_found_at_once(registered):
    name, records = registered(None, GREY.resize((WIDTH // 2, HEIGHT // 2)))
    with pytest.raises(ValueError, match=r"1 of 2 images.*001\.png is 12x8, the label has 1/2 of"):
        check_dataset(name, records)
