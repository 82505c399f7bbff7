"""All that looks wrong in a vocabulary, and what is worth knowing before it is used."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..text import Descriptions, Vocabulary
from ..text.spelling import guess_parts
from ..text.vocabulary_lines import Finding, word_key
from .tokens import CONTEXT_LENGTH, prompt_length, template_lengths, word_ids

__all__ = ["Report", "check_vocabulary"]

_MOST_NAMED = 10
_MOST_LETTERS = 40


@dataclass(frozen=True)
class Report:
    """
    Attributes:
        problems: what changes or loses words.
        notes: what works and may not be meant.
    """

    problems: tuple[Finding, ...]
    notes: tuple[Finding, ...]


def check_vocabulary(vocabulary: Vocabulary, descriptions: Descriptions | None = None) -> Report:
    """
    Args:
        vocabulary: with what reading it found.
        descriptions: None: whether words have any is not looked at.
    """
    words = tuple(dict.fromkeys(vocabulary.words))
    problems = [
        *vocabulary.findings,
        *_unread(words),
        *_alike(words),
        *(_long_descriptions(words, descriptions) if descriptions else ()),
    ]
    notes = [Finding(f"{quoted(w)} may be {p!r}") for w in words if (p := guess_parts(w))]
    if descriptions is not None:
        notes += _undescribed(vocabulary, descriptions)
    return Report(tuple(problems), tuple(notes))


def quoted(word: str) -> str:
    """A word for a message, cut at 40 characters."""
    return repr(word if len(word) <= _MOST_LETTERS else f"{word[: _MOST_LETTERS - 3]}...")


def _unread(words: Iterable[str]) -> Iterable[Finding]:
    """Words of which CLIP reads nothing, or not all."""
    for word in words:
        if not word_ids(word):
            yield Finding(f"CLIP reads nothing of {word!r}; write it in visible characters")
        elif (longest := template_lengths(word)[1]) > CONTEXT_LENGTH:
            yield Finding(
                f"{quoted(word)} makes prompts of up to {longest} tokens, of which CLIP reads "
                f"{CONTEXT_LENGTH}; shorten it"
            )


def _alike(words: Iterable[str]) -> Iterable[Finding]:
    """Words that are written differently and are one to CLIP; case and spaces are told before."""
    seen: dict[tuple[int, ...], str] = {}
    for word in words:
        other = seen.setdefault(word_ids(word), word)
        if word_key(other) != word_key(word) and word_ids(word):
            yield Finding(f"{quoted(other)} and {quoted(word)} are one word to CLIP")


def _long_descriptions(words: Iterable[str], descriptions: Descriptions) -> Iterable[Finding]:
    for word in words:
        for sentence in descriptions.prompts(word, ()) if word in descriptions else ():
            if (length := prompt_length(sentence)) > CONTEXT_LENGTH:
                yield Finding(
                    f"a description of {quoted(word)} has {length} tokens, of which CLIP reads "
                    f"{CONTEXT_LENGTH}: {quoted(sentence)}"
                )


def _undescribed(vocabulary: Vocabulary, descriptions: Descriptions) -> list[Finding]:
    words = vocabulary.words[vocabulary.num_background :]
    missing = descriptions.missing(words)
    if not missing:
        return []
    named = ", ".join(map(quoted, missing[:_MOST_NAMED])) + ", ..." * (len(missing) > _MOST_NAMED)
    return [
        Finding(
            f"{len(missing)} of {len(set(words))} words of classes have no descriptions and use "
            f"the templates: {named}"
        )
    ]
