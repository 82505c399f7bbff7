"""The page of Storybook says what it does not show."""

from freecp_d2.report import render_page, storybook_page

from .balance import read
from .samples import gallery, results


def test_its_texts():
    made = storybook_page(results(), gallery(), ["In a week.", "By hand."], {"Date": "today"})
    text = read(render_page(made)).text
    assert {"In a week.", "By hand.", "Date", "today"} <= set(text)
    assert any("no evidence about photographs" in paragraph for paragraph in text)
