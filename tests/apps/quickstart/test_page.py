"""The page of Storybook says what it does not show."""

from freecp_d2.apps.quickstart.page import storybook_page
from freecp_d2.visualization.html import render_page

from ...visualization.html.balance import read
from ...visualization.html.samples import gallery, results


def test_its_texts():
    made = storybook_page(results(), gallery(), ["In a week.", "By hand."], {"Date": "today"})
    text = read(render_page(made)).text
    assert {"In a week.", "By hand.", "Date", "today"} <= set(text)
    assert any("no evidence about photographs" in paragraph for paragraph in text)
