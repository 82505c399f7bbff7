"""HTML of two methods side by side: images, words of a pixel, what purification did, messages."""

from collections.abc import Sequence

from ...engine.predictor import Prediction
from ...modeling.purification.diagnosis import WindowDiagnosis, summarise_diagnoses
from ...visualization.html.gallery import data_uri, names_over
from ...visualization.html.markup import Markup, element, isolated, join
from ...visualization.html.word_chips import HOW_TO_READ, purification_notes, swatch, word_list
from ...visualization.legend import percent
from ...visualization.overlay import NO_LABEL, overlay
from .labelling import Comparison

Point = tuple[float, float]
"""Column and row, each as a share of the image, 0 to 1."""

_NAMES_SHOWN = 8
_OPENAI_COMMAND = "freecp web --config ade20k/sclip_freecp"


def embedded_notice() -> Markup:
    """What the weights of the package can do, and how to start with others."""
    # Spans keep parts from being broken at their hyphens.
    command = join([element("span", part) for part in _OPENAI_COMMAND.split()], " ")
    return element(
        "p",
        element("b", "These weights know drawn pages only."),
        " They come with the package and were trained on pages like those below; labels of "
        "photographs will be wrong. With OpenAI's CLIP, which is downloaded once: ",
        element("code", command),
        class_="notice",
    )


def message(text: str, is_problem: bool = False) -> Markup:
    """Text in place of the images; screen readers read a problem aloud at once."""
    role = "alert" if is_problem else "status"
    return element("p", text, class_="message" + " problem" * is_problem, role=role)


INVITATION = message("Choose an image: a file, the camera, or one of the drawn pages.")


def figures(comparison: Comparison, note: str = "", point: Point | None = None) -> Markup:
    """Both images with `note` below them, and a mark on the pixel `point`."""
    pair = [_figure(title, labels.prediction, point) for title, labels in comparison.titled]
    invitation = "Click a pixel, in either image, to see which words it could be."
    lines = [element("p", line, class_="note") for line in (invitation, note) if line]
    return element("div", element("div", *pair, class_="maps of-2"), *lines, class_="freecp")


def purification(comparison: Comparison) -> Markup:
    """Words removed and kept with their scores, ambiguity groups and their winners."""
    found = comparison.freecp.prediction
    color_of = dict(zip(found.names, found.colors, strict=True))
    seen = {name: color_of[name] for name in found.shares}
    thresholds = _thresholds(found.windows)
    text = f"{HOW_TO_READ} A word with a square labels pixels above. {thresholds}"
    return element(
        "div",
        element("h2", "What FreeCP did to the words"),
        element("p", text, class_="note"),
        purification_notes(summarise_diagnoses(found.windows), seen, level=3),
        class_="freecp",
    )


def top_words(comparison: Comparison, point: Point) -> Markup:
    """The best words of one pixel and their scores, as a list for each method."""
    height, width = comparison.freecp.prediction.label_map.shape
    x = min(int(point[0] * width), width - 1)
    y = min(int(point[1] * height), height - 1)
    lists = []
    for title, labels in comparison.titled:
        color_of = dict(zip(labels.prediction.names, labels.prediction.colors, strict=True))
        bars = [_bar(color_of[name], name, score) for name, score in labels.best_at(y, x)]
        items = bars or [element("li", element("span", "no word is left here"))]
        lists.append(element("section", element("h3", title), element("ol", *items)))
    place = element("small", f"column {x + 1} of {width}, row {y + 1} of {height}")
    pair = element("div", *lists, class_="pair")
    return element(
        "div", element("h2", "The pixel ", place), pair, class_="freecp pixel", role="status"
    )


def _bar(color: tuple[int, int, int], name: str, score: float) -> Markup:
    """A word with a bar whose length is the score: 1 is full."""
    width = f"width:{min(score, 1):.1%};background:rgb({','.join(map(str, color))})"
    line = element("i", class_="bar", style=width)
    number = element("small", f"{score:.3f}" if score >= 0.0005 else "< 0.001")
    return element("li", swatch(color), isolated(name), number, line)


def _thresholds(windows: Sequence[WindowDiagnosis]) -> str:
    """Their ranges over the windows, which differ if each image chooses its thresholds."""
    ranges = []
    for name in ("redundancy", "ambiguity"):
        values = [getattr(window, f"{name}_thresh") for window in windows]
        found = sorted(value for value in values if value is not None)
        ends = dict.fromkeys(f"{value:.3f}" for value in (*found[:1], *found[-1:]))
        ranges.append(f"{name} {' to '.join(ends) or 'none'}")
    return f"Thresholds: {', '.join(ranges)}."


def _figure(title: str, found: Prediction, point: Point | None) -> Markup:
    shares, color_of = found.shares, dict(zip(found.names, found.colors, strict=True))
    named = [f"{name} {percent(share)}" for name, share in shares.items()]
    alt = f"{title}: {', '.join(named[:_NAMES_SHOWN]) or 'no pixel is labelled'}"
    source = data_uri(overlay(found.image, found.label_map, found.colors))
    mark = "display:none" if point is None else f"left:{point[0]:.2%};top:{point[1]:.2%}"
    frame = element(
        "div",
        element("img", src=source, alt=alt),
        names_over(found.label_map, found.names),
        element("i", class_="mark", style=mark),
        aria_label=f"{title}: choose a pixel; arrow keys move, Enter chooses",
        class_="frame pixels",
        role="group",
        tabindex=0,
    )
    counted = f"{len(shares)} word" + "s" * (len(shares) != 1)
    caption = element("figcaption", element("b", title), element("span", counted))
    rows = [(color_of[name], name, percent(share)) for name, share in shares.items()]
    if unlabelled := float((found.label_map < 0).mean()):
        rows.append((NO_LABEL, "no word is left", percent(unlabelled)))
    legend = element("div", word_list(rows, _NAMES_SHOWN), class_="colours")
    return element("figure", frame, caption, legend)
