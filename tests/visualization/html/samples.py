"""A small page for the tests: two images, two methods, three variants."""

import numpy as np

from freecp_d2.evaluation.counts import Interval
from freecp_d2.modeling.purification.summary import GroupSummary, Purification, WordSummary
from freecp_d2.visualization.html import (
    Column,
    Gallery,
    LabelMap,
    Note,
    Page,
    PageImage,
    Results,
    Row,
    Scores,
)

COLUMNS = (Column("alone"), Column("oracle", is_oracle=True), Column("whole"))


def scores(*values):
    return tuple(Scores(v, v + 10, v + 1, v - 1) for v in values)


def results():
    rows = (
        Row("SCLIP", scores(10.0, 30.0, 20.0), Interval(10.0, 8.0, 12.5)),
        Row("GEM", scores(14.0, 26.0, 12.0), Interval(-2.0, -4.0, 0.02)),
    )
    return Results(COLUMNS, rows, 150)


def purification():
    words = (
        WordSummary("sky", 0, 4, 0.4, 0.3),
        WordSummary("cat", 1, 4, 0.2, 0.1),
        WordSummary("dog", 4, 4, 0.04, 0.02),
    )
    groups = (
        GroupSummary(("cat", "dog"), 3, {"cat": 2}),
        GroupSummary(("cat", "sky"), 1, {}),
    )
    return Purification(words, groups)


def page_image(title="A page", **changes):
    """Sky at the left, a cat at the right; one map is correct, the other has a dog for the cat."""
    truth = np.zeros((60, 80), dtype=np.int64)
    truth[:, 40:] = 1
    wrong = np.where(truth == 1, 2, truth)
    fields = {
        "image": np.full((60, 80, 3), 255, dtype=np.uint8),
        "maps": (LabelMap("base", wrong), LabelMap("purified", truth.copy())),
        "truth": truth,
        "purification": purification(),
    } | changes
    return PageImage(title, **fields)


def gallery(*images):
    colors = ((0, 0, 200), (200, 100, 0), (0, 150, 0))
    return Gallery(("sky", "cat", "dog"), colors, images or (page_image(),))


def page(**changes):
    fields = {
        "title": "A title",
        "lead": ("What is seen.",),
        "gallery": gallery(page_image(), page_image("Another page")),
        "results": results(),
        "notes": (Note("How", ("It was made.",)),),
        "facts": (("Command", "make quickstart"),),
    } | changes
    return Page(**fields)
