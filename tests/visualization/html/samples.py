"""A small page for the tests: two images, two methods, three variants."""

import numpy as np

from freecp_d2.modeling.purification.diagnosis import GroupSummary, Purification, WordSummary
from freecp_d2.visualization.html import page_content

COLUMNS = (
    page_content.Column("alone"),
    page_content.Column("oracle", is_oracle=True),
    page_content.Column("whole"),
)


def row(method, *values, gain=(0.0, 0.0, 0.0)):
    scores = tuple(page_content.Scores(v, v + 10, v + 1, v - 1) for v in values)
    return page_content.Row(method, scores, gain)


def results():
    rows = (
        row("SCLIP", 10.0, 30.0, 20.0, gain=(10.0, 8.0, 12.5)),
        row("GEM", 14.0, 26.0, 12.0, gain=(-2.0, -4.0, 0.02)),
    )
    return page_content.Results(COLUMNS, rows, 150)


def purification():
    words = (
        WordSummary("sky", 0, 4, 0.4, 0.3),
        WordSummary("cat", 1, 4, 0.2, 0.1),
        WordSummary("dog", 4, 4, 0.04, 0.02),
    )
    groups = GroupSummary(("cat", "dog"), 3, {"cat": 2}), GroupSummary(("cat", "sky"), 1, {})
    return Purification(words, groups)


def page_image(title="A page", maps=None):
    """Sky at the left, a cat at the right; one map is correct, the other has a dog for the cat."""
    truth = np.zeros((60, 80), dtype=np.int64)
    truth[:, 40:] = 1
    if maps is None:
        wrong = np.where(truth == 1, 2, truth)
        maps = {"base": wrong, "purified": truth.copy()}
    image = np.full((60, 80, 3), 255, dtype=np.uint8)
    return page_content.PageImage(title, image, maps, truth, purification())


def gallery(*images):
    colors = ((0, 0, 200), (200, 100, 0), (0, 150, 0))
    return page_content.Gallery(("sky", "cat", "dog"), colors, images or (page_image(),))


def page(**changes):
    fields = {
        "kicker": "A book",
        "title": "A title",
        "lead": ("What is seen.",),
        "results": results(),
        "gallery": gallery(page_image(), page_image("Another page")),
        "notes": (page_content.Note("How", ("It was made.",)),),
        "facts": (("Command", "make quickstart"),),
    }
    return page_content.Page(**(fields | changes))
