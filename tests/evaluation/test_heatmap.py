"""Heat maps: values, names, colours, sizes and errors."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from freecp_d2.evaluation import charts

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
NAN = float("nan")
TITLES = {"title": "a title", "label": "share [%]"}


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """A function that draws and returns (figure, size of the PNG)."""
    figures, savefig = [], Figure.savefig

    def spy(figure, *args, **kwargs):
        figures.append(figure)
        return savefig(figure, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", spy)

    def draw(values, rows=None, columns=None, **options):
        path = tmp_path / "image.png"
        values = np.asarray(values, dtype=float)
        rows = rows or [f"row {i}" for i in range(len(values))]
        columns = columns or [f"column {i}" for i in range(values.shape[1])]
        charts.write_heatmap(path, values, rows, columns, **(TITLES | options))
        assert list(tmp_path.iterdir()) == [path], "no temporary file is left"
        with Image.open(path) as image:
            image.load()
        return figures[-1], image.size

    return draw


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def color(figure, value):
    image = figure.axes[0].images[0]
    return np.array(image.to_rgba(np.ma.masked_invalid([[value]]))[0, 0, :3])


def test_values_have_one_decimal_and_differences_a_sign(drawn):
    figure, _ = drawn([[99.96, 0.04, 0], [12.34, NAN, 100]])
    assert texts(figure) == ["100.0", "0.0", "0.0", "12.3", DASH, "100.0"]
    figure, _ = drawn([[1.25, -1.26, -0.04, 0, NAN]], centre=0.0)
    assert texts(figure) == ["+1.2", f"{MINUS}1.3", "0.0", "0.0", DASH]


def test_colors_diverge_around_the_centre_and_contrast_with_the_ink(drawn):
    figure, _ = drawn([[-8.0, 0, 8.0, NAN]], centre=0.0)
    red, white, blue = (color(figure, value) for value in (-8, 0, 8))
    assert red[0] > red[2]
    assert blue[2] > blue[0]
    assert white.min() > 0.95
    assert color(figure, NAN) == pytest.approx([0.85] * 3)
    inks = [text.get_color() for text in figure.axes[0].texts]
    assert inks == ["white", "black", "white", "black"]


def test_limits_of_the_color_bar(drawn):
    for values, options, expected in (
        ([[2, 7]], {}, (2, 7)),
        ([[2, 7]], {"limits": (0, 100)}, (0, 100)),
        ([[2, 3]], {"centre": 1.0}, (-1, 3)),
        ([[4, 4]], {}, (4, 5)),
        ([[0, 0]], {"centre": 0.0}, (-1, 1)),
        ([[NAN, NAN]], {}, (0, 1)),
        ([[NAN, NAN]], {"centre": 0.0}, (-1, 1)),
    ):
        norm = drawn(values, **options)[0].axes[0].images[0].norm
        assert (norm.vmin, norm.vmax) == expected, (values, options)


def test_square_root(drawn):
    plain, rooted = (drawn([[0, 100]], square_root=on)[0] for on in (False, True))
    assert color(rooted, 25) == pytest.approx(color(plain, 50))


def test_names_and_titles(drawn):
    names = ["$a_1", "word " * 20], ["$\\frac", "\\d$"]
    figure, _ = drawn(np.eye(2), *names, row_title="true", column_title="found", title="$1 and $2$")
    axes = figure.axes[0]
    assert [x.get_text() for x in axes.get_yticklabels()] == ["$a_1", "word " * 6 + "word…"]
    assert [x.get_text() for x in axes.get_xticklabels()] == names[1]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("true", "found")
    assert axes.get_title(loc="left") == "$1 and $2$"
    assert figure.axes[1].get_ylabel() == "share [%]"


@pytest.mark.parametrize(("size", "pixels"), [(25, 3200), (100, 3500)])
def test_names_do_not_overlap_and_the_image_has_a_bounded_size(drawn, size, pixels):
    names = [f"quite a long name {i}" for i in range(size)]
    figure, found = drawn(np.eye(size), columns=names, limits=(0, 100))
    assert bool(texts(figure)) == (size <= 25), "values"
    assert 0.5 * pixels < max(found) < pixels
    axes, bar = figure.axes
    letters = axes.get_xticklabels()[0].get_fontsize() / 72 * figure.dpi
    corners = axes.transData.transform([(0, 0), (1, 1)])
    width, height = np.abs(corners[1] - corners[0])
    assert height > 1.3 * letters  # from line to line
    rotation = axes.get_xticklabels()[0].get_rotation()
    assert width * np.sin(np.radians(rotation)) > 1.3 * letters
    assert axes.get_window_extent().x1 < bar.get_window_extent().x0


def test_a_huge_matrix_has_a_lower_resolution(drawn, monkeypatch):
    monkeypatch.setattr(charts, "_MAX_PIXELS", 500)
    assert max(drawn(np.eye(50))[1]) < 800


def test_names_that_do_not_match_the_values(tmp_path):
    for values, rows in ((np.eye(2), ["a"]), (np.ones(2), ["a"]), (np.ones((0, 2)), [])):
        with pytest.raises(ValueError, match=f"{len(rows)} names of rows and 2 of columns"):
            charts.write_heatmap(tmp_path / "x.png", values, rows, ["b", "c"], **TITLES)
    assert not list(tmp_path.iterdir())
