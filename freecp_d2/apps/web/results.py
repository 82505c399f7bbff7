"""Two methods side by side as HTML: images, their colours, what purification did."""

from collections.abc import Sequence

from ...modeling.purification.diagnosis import WindowDiagnosis
from ...visualization.html.gallery import names_over
from ...visualization.html.images import NO_LABEL, data_uri, overlay
from ...visualization.html.markup import Markup, element, folded, isolated
from ...visualization.html.words import purification_notes, swatch
from ...visualization.shares import percent
from .labelling import Comparison
from .labels import Labels

__all__ = ["Point", "figures", "purification"]

Point = tuple[float, float]
"""Column and row, each as a share of the image, 0 to 1."""

_NAMES_SHOWN = 8


def figures(comparison: Comparison, note: str = "", point: Point | None = None) -> Markup:
    """
    Args:
        comparison: what both methods made of one image.
        note: a line below, for instance that the image was shrunk.
        point: a pixel that is marked in both images.
    """
    pair = [_figure(title, labels, point) for title, labels in comparison.titled]
    invitation = "Click a pixel, in either image, to see which words it could be."
    lines = [element("p", line, class_="note") for line in (invitation, note) if line]
    return element("div", element("div", *pair, class_="maps of-2"), *lines, class_="freecp")


def purification(comparison: Comparison) -> Markup:
    """Words removed and kept with their scores, ambiguity groups and their winners."""
    found = comparison.freecp.purification
    if found is None:
        return Markup()
    colors = dict(zip(comparison.freecp.names, comparison.freecp.colors, strict=True))
    seen = {name: colors[name] for name in comparison.freecp.shares}
    heading = element("h3", "What FreeCP did to the words")
    note = element(
        "p",
        "The number is a word's best score of Eq. (5) over all windows of the image; a window "
        "removes the words below the redundancy threshold. A square: the word labels pixels above. "
        f"{_thresholds(comparison.freecp.windows)}",
        class_="note",
    )
    return element("div", heading, note, purification_notes(found, seen), class_="freecp")


def _thresholds(windows: Sequence[WindowDiagnosis]) -> str:
    """Those of the windows, which have their own where they are chosen automatically."""
    values = {
        "redundancy": [w.redundancy_thresh for w in windows if w.redundancy_thresh is not None],
        "ambiguity": [w.ambiguity_thresh for w in windows if w.ambiguity_thresh is not None],
    }
    ranges = []
    for name, found in values.items():
        ends = sorted({f"{value:.3f}" for value in (min(found), max(found))}) if found else ["none"]
        ranges.append(f"{name} {' to '.join(ends)}")
    return f"Thresholds: {', '.join(ranges)}."


def _figure(title: str, labels: Labels, point: Point | None) -> Markup:
    image, label_map, shares = labels.image, labels.label_map, labels.shares
    named = [f"{name} {percent(share)}" for name, share in shares.items()]
    alt = f"{title}: {', '.join(named[:_NAMES_SHOWN]) or 'no pixel is labelled'}"
    picture = element("img", src=data_uri(overlay(image, label_map, labels.colors)), alt=alt)
    frame = element(
        "div",
        picture,
        names_over(label_map, labels.names),
        _mark(point),
        attributes={"aria-label": f"{title}: choose a pixel; arrow keys move, Enter chooses"},
        class_="frame pixels",
        role="group",
        tabindex="0",
    )
    counted = f"{len(shares)} word" + "s" * (len(shares) != 1)
    caption = element("figcaption", element("b", title), element("span", counted))
    return element("figure", frame, caption, _legend(labels))


def _mark(point: Point | None) -> Markup:
    where = "display:none" if point is None else f"left:{point[0]:.2%};top:{point[1]:.2%}"
    return element("i", class_="mark", style=where)


def _legend(labels: Labels) -> Markup:
    """Colours and names of the words that label pixels, largest share first; many are folded."""
    colors = dict(zip(labels.names, labels.colors, strict=True))
    items = [_entry(colors[name], name, share) for name, share in labels.shares.items()]
    unlabelled = float((labels.label_map < 0).mean())
    if unlabelled:
        items.append(_entry(NO_LABEL, "no word is left", unlabelled))
    shown, rest = items[:_NAMES_SHOWN], items[_NAMES_SHOWN:]
    more = folded(f"{len(rest)} more", element("ul", *rest)) if rest else Markup()
    return element("div", element("ul", *shown), more, class_="colours")


def _entry(color: tuple[int, int, int], name: str, share: float) -> Markup:
    return element("li", swatch(color), isolated(name), element("small", percent(share)))
