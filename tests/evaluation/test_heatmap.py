"""Heat maps: what is written in them, their colours and sizes, and what does not fit."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from freecp_d2.evaluation import heatmap
from freecp_d2.evaluation.heatmap import write_heatmap

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
TITLES = {"title": "a title", "label": "share [%]"}


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """A function that draws and returns (figure, image)."""
    figures = []
    png = heatmap._png

    def spy(figure):
        figures.append(figure)
        return png(figure)

    monkeypatch.setattr(heatmap, "_png", spy)

    def draw(values, rows=None, columns=None, **options):
        path = tmp_path / "image.png"
        values = np.asarray(values, dtype=float)
        rows = rows or [f"row {i}" for i in range(len(values))]
        columns = columns or [f"column {i}" for i in range(values.shape[1])]
        write_heatmap(path, values, rows, columns, **(TITLES | options))
        assert list(tmp_path.iterdir()) == [path], "no file aside is left"
        with Image.open(path) as picture:
            picture.load()
        return figures[-1], picture

    return draw


def texts(figure):
    """What stands in the cells."""
    return [text.get_text() for text in figure.axes[0].texts]


def colour(figure, value):
    image = figure.axes[0].images[0]
    return np.array(image.to_rgba(np.ma.masked_invalid([[value]]))[0, 0, :3])


class TestNumbers:
    def test_shares(self, drawn):
        figure, _ = drawn([[99.96, 0.04, 0], [12.34, float("nan"), 100]])
        assert texts(figure) == ["100.0", "0.0", "0.0", "12.3", DASH, "100.0"]

    def test_differences_have_a_sign(self, drawn):
        figure, _ = drawn([[1.25, -1.26, -0.04, 0, float("nan")]], centre=0.0)
        assert texts(figure) == ["+1.2", f"{MINUS}1.3", "0.0", "0.0", DASH]

    def test_a_centre_elsewhere(self, drawn):
        figure, _ = drawn([[16.4, 18.04]], centre=17.0, decimals=2)
        assert texts(figure) == ["16.40", "18.04"]

    @pytest.mark.parametrize(("size", "annotated"), [(25, True), (26, False)])
    def test_few_classes_have_them(self, drawn, size, annotated):
        figure, _ = drawn(np.zeros((3, size)))
        assert bool(texts(figure)) == annotated

    @pytest.mark.parametrize("annotate", [True, False])
    def test_as_asked(self, drawn, annotate):
        assert bool(texts(drawn(np.eye(4), annotate=annotate)[0])) == annotate

    def test_dashes_without_numbers(self, drawn):
        values = np.eye(30)
        values[3] = np.nan
        (dashes,) = drawn(values)[0].axes[0].collections
        assert dashes.get_offsets().tolist() == [[x, 3] for x in range(30)]

    def test_they_can_be_read(self, drawn):
        figure, _ = drawn([[-8.0, 0, 8.0, float("nan")]], centre=0.0)
        inks = [text.get_color() for text in figure.axes[0].texts]
        assert inks == ["white", heatmap._INK, "white", heatmap._INK]


class TestColours:
    def test_symmetric_around_the_centre(self, drawn):
        figure, _ = drawn([[-1.0, 8.0]], centre=0.0)
        red, white, blue = (colour(figure, value) for value in (-8, 0, 8))
        assert red[0] > red[2]
        assert blue[2] > blue[0]
        assert white.min() > 0.95
        light = [c @ [0.299, 0.587, 0.114] for c in (red, blue)]
        assert light[0] == pytest.approx(light[1], abs=0.1)

    def test_no_value_is_grey(self, drawn):
        for centre in (None, 0.0):
            figure, _ = drawn([[1.0, float("nan")]], centre=centre)
            assert colour(figure, np.nan) == pytest.approx([0.85] * 3)

    @pytest.mark.parametrize(
        ("values", "options", "expected"),
        [
            ([[2, 7]], {}, (2, 7)),
            ([[2, 7]], {"limits": (0, 100)}, (0, 100)),
            ([[-1, 3]], {"centre": 1.0}, (-1, 3)),
            ([[2, 3]], {"centre": 1.0}, (-1, 3)),
            ([[4, 4]], {}, (4, 5)),
            ([[0, 0]], {"centre": 0.0}, (-1, 1)),
            ([[np.nan, np.nan]], {}, (0, 1)),
            ([[np.nan, np.nan]], {"centre": 0.0}, (-1, 1)),
        ],
    )
    def test_ends_of_the_scale(self, drawn, values, options, expected):
        norm = drawn(values, **options)[0].axes[0].images[0].norm
        assert (norm.vmin, norm.vmax) == expected

    def test_square_root(self, drawn):
        values = [[0, 100]]
        plain, rooted = (drawn(values, square_root=on)[0] for on in (False, True))
        assert colour(rooted, 25) == pytest.approx(colour(plain, 50))
        ticks = rooted.axes[1].get_yticks()
        assert ticks == pytest.approx([0, 1, 5, 10, 20, 40, 70, 100])


class TestNames:
    def test_they_are_there(self, drawn):
        figure, _ = drawn(np.eye(2), ["a", "b"], ["c", "d"], row_title="true", column_title="found")
        axes = figure.axes[0]
        assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
        assert [label.get_text() for label in axes.get_xticklabels()] == ["c", "d"]
        assert (axes.get_ylabel(), axes.get_xlabel()) == ("true", "found")
        assert axes.get_title(loc="left") == "a title"
        assert figure.axes[1].get_ylabel() == "share [%]"

    def test_a_dollar_is_a_dollar(self, drawn):
        drawn(np.eye(2), ["$a_1", "b$"], ["$\\frac", "\\d$"], title="$1 and $2$")

    def test_a_sentence_is_cut(self, drawn):
        figure, _ = drawn(np.eye(1), ["word " * 20])
        (label,) = figure.axes[0].get_yticklabels()
        assert label.get_text() == "word word word word word word word…"

    @pytest.mark.parametrize("size", [3, 21, 30, 60, 171])
    def test_none_overlap(self, drawn, size):
        figure, _ = drawn(np.eye(size), columns=[f"quite a long name {i}" for i in range(size)])
        axes = figure.axes[0]
        letters = axes.get_xticklabels()[0].get_fontsize() / 72 * figure.dpi
        corners = axes.transData.transform([(0, 0), (1, 1)])
        width, height = np.abs(corners[1] - corners[0])
        assert height > 1.3 * letters  # from line to line
        rotation = axes.get_xticklabels()[0].get_rotation()
        assert rotation in (45, 90)
        assert width * np.sin(np.radians(rotation)) > 1.3 * letters

    def test_the_scale_is_clear_of_them(self, drawn):
        figure, _ = drawn(np.eye(60), ["name of thirty and more letters"] * 60)
        axes, scale = figure.axes
        assert axes.get_tightbbox().x1 < scale.get_window_extent().x0


class TestSizes:
    @pytest.mark.parametrize(("size", "pixels"), [(3, 900), (21, 2000), (150, 3600), (171, 4000)])
    def test_grows_with_the_classes(self, drawn, size, pixels):
        _, picture = drawn(np.eye(size), limits=(0, 100))
        assert 0.5 * pixels < max(picture.size) < pixels

    def test_very_many(self, drawn, monkeypatch):
        monkeypatch.setattr(heatmap, "_MAX_PIXELS", 500)
        _, picture = drawn(np.eye(100))
        assert max(picture.size) < 700

    def test_a_long_label_does_not_leave_the_scale(self, drawn):
        figure, _ = drawn(np.eye(2), label="share of the pixels of the true class, in percent")
        scale = figure.axes[1]
        assert "\n" in scale.get_ylabel()
        assert (
            scale.yaxis.label.get_window_extent().y1 < figure.axes[0].title.get_window_extent().y1
        )


@pytest.mark.parametrize(
    ("values", "rows", "columns", "options", "message"),
    [
        (np.eye(2), ["a"], ["b", "c"], {}, r"shape \(2, 2\).*1 names of rows and 2 of columns"),
        (np.ones(2), ["a"], ["b", "c"], {}, r"shape \(2,\)"),
        (np.ones((0, 2)), [], ["b", "c"], {}, "at least one of both"),
        (np.full((1, 1), np.inf), ["a"], ["b"], {}, "infinities"),
        (np.eye(1), ["a"], ["b"], {"limits": (1.0, 1.0)}, "limits are 1.0 and 1.0"),
    ],
)
def test_what_does_not_fit(tmp_path, values, rows, columns, options, message):
    with pytest.raises(ValueError, match=message):
        write_heatmap(tmp_path / "x.png", values, rows, columns, **(TITLES | options))
    assert not list(tmp_path.iterdir())


def test_an_image_that_fails_leaves_the_older_one(tmp_path, monkeypatch):
    path = tmp_path / "x.png"
    write_heatmap(path, np.eye(1), ["a"], ["b"], **TITLES)
    before = path.read_bytes()
    monkeypatch.setattr(Figure, "savefig", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_heatmap(path, np.eye(2), ["a", "b"], ["c", "d"], **TITLES)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
