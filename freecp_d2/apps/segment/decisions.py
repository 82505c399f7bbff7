"""The decisions of a prediction as JSON values, and back."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...engine.predictor import Prediction
from ...engine.predictor.rasters import RasterLabels
from ...modeling.purification.diagnosis import GroupSummary, Purification, WordSummary
from ...visualization.label_png import no_word
from ...visualization.legend import Share
from ...visualization.overlay import RGB

_DIGITS = 6


def classes_of(prediction: Prediction | RasterLabels) -> list[dict[str, Any]]:
    """Index, name and colour of every class."""
    return [
        {"index": k, "name": name, "color": "#{:02x}{:02x}{:02x}".format(*prediction.colors[k])}
        for k, name in enumerate(prediction.names)
    ]


def colors_of(record: Mapping[str, Any]) -> list[RGB]:
    """The colours of the classes of a record."""
    values = [bytes.fromhex(entry["color"][1:]) for entry in record["classes"]]
    return [(red, green, blue) for red, green, blue in values]


def decisions_of(prediction: Prediction, shares: Sequence[Share]) -> dict[str, Any]:
    """Size, shares, words, groups and thresholds; the last three are None without purification."""
    height, width = prediction.label_map.shape
    found, windows = prediction.purification, prediction.windows
    thresholds = words = groups = None
    if found is not None:
        thresholds = {
            "redundancy": _range([window.redundancy_thresh for window in windows]),
            "ambiguity": _range([window.ambiguity_thresh for window in windows]),
        }
        words = [_word(word) for word in found.words]
        groups = [
            {"words": list(group.members), "windows": group.num_windows, "wins": group.wins}
            for group in found.groups
        ]
    return {
        "size": {"width": width, "height": height},
        "no_word": no_word(len(prediction.names)),
        "visible": visible_of(shares, prediction.names, prediction.mean_scores),
        "thresholds": thresholds,
        "words": words,
        "groups": groups,
    }


def visible_of(
    shares: Sequence[Share], names: Sequence[str], mean_scores: Mapping[str, float] | None = None
) -> list[dict[str, Any]]:
    """Index, name, share and mean score of the classes with pixels; no word has only a share."""
    found = []
    for share in shares:
        label = share.label if share.label >= 0 else None
        name = None if label is None else names[label]
        found.append({"index": label, "name": name, "share": round(share.share, _DIGITS)})
        if mean_scores is not None:
            found[-1]["score"] = None if name is None else round(mean_scores[name], _DIGITS)
    return found


def has_no_word(record: Mapping[str, Any]) -> bool:
    """Whether purification removed every word; for a video, whether no pixel has a word."""
    if record.get("words"):
        return all(word["state"] == "removed" for word in record["words"])
    return all(entry["index"] is None for entry in record["visible"])


def purification_of(record: Mapping[str, Any]) -> Purification | None:
    """The inverse of `decisions_of`; None for a video or a base method alone."""
    if record.get("words") is None:
        return None
    words = [
        WordSummary(w["name"], w["windows_removed"], w["windows"], w["highest"], w["mean"])
        for w in record["words"]
    ]
    groups = [GroupSummary(tuple(g["words"]), g["windows"], g["wins"]) for g in record["groups"]]
    return Purification(tuple(words), tuple(groups))


def _word(word: WordSummary) -> dict[str, Any]:
    is_removed = word.num_removed == word.num_windows
    return {
        "name": word.word,
        "state": "removed" if is_removed else "contested" if word.num_removed else "kept",
        "highest": round(word.highest, _DIGITS),
        "mean": round(word.mean, _DIGITS),
        "windows": word.num_windows,
        "windows_removed": word.num_removed,
    }


def _range(found: Sequence[float | None]) -> float | list[float] | None:
    """One threshold, the smallest and the largest of several, or None if it is switched off."""
    values = sorted({round(value, _DIGITS) for value in found if value is not None})
    if len(values) < 2:
        return values[0] if values else None
    return [values[0], values[-1]]
