"""Problems of a vocabulary, and notes on it, before it is used."""

from collections.abc import Iterable
from typing import NamedTuple

from ...text import Descriptions, Vocabulary
from ...text.names_and_colors import guess_parts
from ...text.vocabulary_parsing import VocabularyIssue, word_key
from .lookup import CONTEXT_LENGTH, prompt_length, template_lengths, word_ids

_MOST_NAMED, _MOST_LETTERS = 10, 40


class Report(NamedTuple):
    """Words that are changed, lost or ambiguous, and words that may not be meant."""

    problems: list[VocabularyIssue]
    notes: list[VocabularyIssue]


def check_vocabulary(vocabulary: Vocabulary, descriptions: Descriptions | None = None) -> Report:
    """Check words; the issues of their reader are problems. None: descriptions are not checked."""
    words = tuple(dict.fromkeys(vocabulary.words))
    problems = [*vocabulary.issues, *_unread(words), *_alike(words), *_glued(vocabulary)]
    notes = [VocabularyIssue(f"{quoted(w)} may be {p!r}") for w in words if (p := guess_parts(w))]
    if descriptions is not None:
        problems += _long_descriptions(words, descriptions)
        notes += _undescribed(vocabulary, descriptions)
    return Report(problems, notes)


def quoted(word: str) -> str:
    """A word for a message, cut at 40 characters."""
    return repr(word if len(word) <= _MOST_LETTERS else f"{word[: _MOST_LETTERS - 3]}...")


def _unread(words: Iterable[str]) -> Iterable[VocabularyIssue]:
    """Words that CLIP does not read, or not to their end."""
    for word in words:
        if not word_ids(word):
            yield VocabularyIssue(
                f"CLIP reads nothing of {quoted(word)}; write it in visible characters"
            )
        elif (longest := template_lengths(word)[1]) > CONTEXT_LENGTH:
            yield VocabularyIssue(
                f"{quoted(word)} makes prompts of up to {longest} tokens, of which CLIP reads "
                f"{CONTEXT_LENGTH}; shorten it"
            )


def _alike(words: Iterable[str]) -> Iterable[VocabularyIssue]:
    """Words with equal tokens; the reader finds differences of case and spaces."""
    seen: dict[tuple[int, ...], str] = {}
    for word in words:
        ids = word_ids(word)
        other = seen.setdefault(ids, word)
        if word_key(other) != word_key(word) and ids:
            yield VocabularyIssue(f"{quoted(other)} and {quoted(word)} are one word to CLIP")


def _glued(vocabulary: Vocabulary) -> Iterable[VocabularyIssue]:
    """Words of two classes, or of a class and the background, that differ only in spaces."""
    owners: dict[str, tuple[str, int]] = {}
    for k, words in enumerate((*vocabulary.classes, vocabulary.background)):
        for word in words:
            other, first = owners.setdefault(word_key(word).replace(" ", ""), (word, k))
            if first != k and word_key(other) != word_key(word):
                yield VocabularyIssue(
                    f"{quoted(other)} and {quoted(word)} differ only in their blanks"
                )


def _long_descriptions(
    words: Iterable[str], descriptions: Descriptions
) -> Iterable[VocabularyIssue]:
    for word in words:
        for sentence in descriptions.prompts(word, ()) if word in descriptions else ():
            if (length := prompt_length(sentence)) > CONTEXT_LENGTH:
                yield VocabularyIssue(
                    f"a description of {quoted(word)} has {length} tokens, of which CLIP reads "
                    f"{CONTEXT_LENGTH}: {quoted(sentence)}"
                )


def _undescribed(vocabulary: Vocabulary, descriptions: Descriptions) -> Iterable[VocabularyIssue]:
    words = vocabulary.words[vocabulary.num_background :]
    if missing := descriptions.missing(words):
        named = ", ".join(map(quoted, missing[:_MOST_NAMED]))
        yield VocabularyIssue(
            f"{len(missing)} of {len(set(words))} words of classes have no descriptions and use "
            f"the templates: {named}" + ", ..." * (len(missing) > _MOST_NAMED)
        )
