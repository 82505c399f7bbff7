"""What the background words of a vocabulary are: MODEL.TEXT.BACKGROUND and its thresholds."""

from dataclasses import dataclass

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


class OutputClasses:
    """The classes of an output, for a class with the attributes below."""

    vocabulary: Vocabulary
    background: str
    background_thresh: float
    """MODEL.TEXT.BACKGROUND and BACKGROUND_THRESH."""

    @property
    def has_background(self) -> bool:
        """Whether the output has a background class, at index 0."""
        return has_background(self.vocabulary, self.background)

    @property
    def background_is_rest(self) -> bool:
        """Whether the background has no map of its own: its score is 1 - max."""
        return self.has_background and self.background == "class"

    @property
    def output_names(self) -> list[str]:
        """Names of the output's channels, in order."""
        return ["background"] * self.has_background + list(self.vocabulary.class_names)

    @property
    def num_maps(self) -> int:
        """Channels with a map of their own."""
        return len(self.output_names) - self.background_is_rest

    def map_of_words(self) -> tuple[int, ...]:
        """The map of each word that has one: all, or those of the foreground."""
        owners = self.vocabulary.word_to_class
        if self.num_maps > self.vocabulary.num_classes:  # the background's words are the first
            return (0,) * self.vocabulary.num_background + tuple(k + 1 for k in owners)
        return owners


@dataclass(frozen=True)
class GivenChannels(OutputClasses):
    """Channels that another model gives, a background's own included."""

    vocabulary: Vocabulary
    background: str
    background_thresh: float = 0.0
