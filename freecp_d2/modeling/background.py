"""What the background words of a vocabulary are: MODEL.TEXT.BACKGROUND and its thresholds."""

from ..text import Vocabulary


def has_background(vocabulary: Vocabulary, background: str) -> bool:
    """Whether background words, if there are any, are a class of the output."""
    return background != "distractor" and vocabulary.num_background > 0


def check_background(rule: str, thresh: float = 0.0, min_area: float = 0.0) -> None:
    """Raise `ValueError` for an unknown rule, or a threshold out of range or not used by it."""
    if not 0 <= min_area < 1 or (min_area and rule != "words"):
        raise ValueError(
            f'MODEL.TEXT.MIN_AREA is {min_area} with MODEL.TEXT.BACKGROUND="{rule}"; expected a '
            "share in [0, 1), 0 for none, and BACKGROUND words, whose class is never dropped."
        )
    if rule not in ("class", "words", "distractor"):
        raise ValueError(
            f'MODEL.TEXT.BACKGROUND="{rule}" is unknown; use class, words or distractor.'
        )
    if not 0 <= thresh < 1:
        raise ValueError(
            f"MODEL.TEXT.BACKGROUND_THRESH is {thresh}; expected a score in [0, 1), 0 for none."
        )
    if thresh and rule == "distractor":
        raise ValueError(
            f"MODEL.TEXT.BACKGROUND_THRESH is {thresh}, but with MODEL.TEXT.BACKGROUND distractor "
            "no class is the background; set it to 0.0, or BACKGROUND to class or words."
        )
