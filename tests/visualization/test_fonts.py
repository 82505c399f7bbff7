"""Names of any script."""

from freecp_d2.visualization.fonts import fitted, font, showable


def test_showable():
    for text, shown in (
        ("cat", "cat"),
        ("  a\n cat\t", "a cat"),
        ("e\u0301", "\u00e9"),
        ("\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
        ("\N{AIRPLANE}\N{VARIATION SELECTOR-16}", "\N{AIRPLANE}"),
        ("\N{SLICE OF PIZZA}", "[slice of pizza]"),
        ("\u732b", "\N{WHITE SQUARE}"),
        ("a\0\x1b\u202eb", "ab"),
        ("\udcff", ""),
    ):
        assert showable(text) == shown


def test_fitted_text_fits():
    face = font(15)
    for text in ("", "cat", "\N{CAT FACE}" * 50, "\u05d0" * 300, "w" * 3000):
        found = fitted(showable(text), face, 120)
        assert face.getlength(found) <= 120
        assert found == showable(text) or found.endswith("\N{HORIZONTAL ELLIPSIS}")
