"""
Facts about words: CLIP's tokens, the vocabularies that have them, their names in benchmarks; and
the problems of a vocabulary before it is used.
"""

import difflib
from collections.abc import Iterable, Sequence
from functools import cache
from statistics import median
from typing import NamedTuple

from ...text import Descriptions, Vocabulary, get_templates, load_vocabulary, shipped_vocabularies
from ...text.descriptions import description_key
from ...text.names_and_colors import guess_parts
from ...text.tokenizer import load_bpe
from ...text.vocabulary_parsing import VocabularyIssue, word_key

HEAD = (  # of `numbers_of`; tokens are those of a word alone
    *("vocabulary", "classes", "words", "synonyms", "background"),
    *("tokens: min", "median", "max", "described"),
)
_MOST_PIECES = 100
CONTEXT_LENGTH = 77  # tokens that CLIP reads of a prompt, with start and end token
_ENDS = 2


def benchmark_names(vocabulary: str) -> Sequence[str]:
    """The classes of a vocabulary's benchmark, such as "hood, exhaust hood", or () without one."""
    from ...data import BENCHMARKS  # imports torch, which the other facts do not need

    for key, benchmark in BENCHMARKS.items() if vocabulary in shipped_vocabularies() else ():
        if vocabulary == key or vocabulary.startswith(f"{key}_"):  # voc21_sclip
            return benchmark.class_names[benchmark.background :]
    return ()


def class_senses(vocabulary: Vocabulary) -> tuple[str, ...]:
    """
    What a benchmark calls each class of a vocabulary; "" where its first word is not that of the
    shipped vocabulary of this name, which a user's file may have, too.
    """
    names = benchmark_names(vocabulary.name)
    shipped = load_vocabulary(vocabulary.name).class_names if names else ()
    found = [
        name if description_key(own) == description_key(theirs) else ""
        for own, theirs, name in zip(vocabulary.class_names, shipped, names, strict=False)
    ]
    return (*found, *("",) * (vocabulary.num_classes - len(found)))


def describe_tokens(word: str) -> list[str]:
    """What CLIP reads of a word: its tokens, and the lengths of its prompts."""
    pieces = pieces_of(word)
    shown = " | ".join(pieces[:_MOST_PIECES]) + " | ..." * (len(pieces) > _MOST_PIECES)
    shortest, longest = template_lengths(word)
    simple = prompt_length(f"a photo of a {word}.")
    cut = f"; CLIP reads {CONTEXT_LENGTH} and ignores the rest" * (longest > CONTEXT_LENGTH)
    return [
        f"tokens: {len(pieces)}: {shown}" if pieces else "tokens: none, CLIP reads nothing of it",
        f'prompts: {simple} tokens with start and end in "a photo of a {{}}.", {shortest} to '
        f"{longest} in the 80 templates, at most {CONTEXT_LENGTH}{cut}",
    ]


def find_places(word: str) -> list[tuple[str, str, str, str]]:
    """
    All occurrences of a word in shipped vocabularies, without regard to case and spaces: the
    vocabulary; "class 3", "synonym of class 3" or "background"; the class's words, or a background
    word's neighbours; what the benchmark calls the class.
    """
    vocabularies = map(load_vocabulary, shipped_vocabularies())
    return [place for each in vocabularies for place in _places(_letters(word), each)]


def _places(key: str, vocabulary: Vocabulary) -> Iterable[tuple[str, str, str, str]]:
    senses = class_senses(vocabulary)
    for k, words in enumerate(vocabulary.classes):
        letters = [_letters(word) for word in words]
        if key in letters:
            role = f"class {k}" if letters[0] == key else f"synonym of class {k}"
            yield vocabulary.name, role, ", ".join(words), senses[k]
    beside = [_letters(word) for word in vocabulary.background]
    if key in beside:
        i = beside.index(key)
        others = vocabulary.background[max(i - 1, 0) : i + 2]
        yield vocabulary.name, "background", ", ".join(others), ""


def near_words(word: str) -> list[str]:
    """Up to five words of shipped vocabularies with a similar spelling."""
    known = {word_key(w): w for name in shipped_vocabularies() for w in load_vocabulary(name).words}
    return [known[key] for key in difflib.get_close_matches(word_key(word), known, n=5)]


def _letters(word: str) -> str:
    return word_key(word).replace(" ", "")


def numbers_of(vocabulary: Vocabulary, sets: Sequence[Descriptions]) -> tuple:
    """A row with the columns of `HEAD`; a class's word is described if one of the `sets` has it."""
    words = vocabulary.words[vocabulary.num_background :]
    lengths = [len(word_ids(word)) for word in vocabulary.words]
    distinct = dict.fromkeys(words)
    described = sum(any(word in found for found in sets) for word in distinct)
    return (
        *(vocabulary.name, vocabulary.num_classes, len(vocabulary.words)),
        *(len(words) - vocabulary.num_classes, vocabulary.num_background),
        *(min(lengths), f"{median(lengths):g}", max(lengths)),
        f"{described} of {len(distinct)}",
    )


def word_ids(text: str) -> tuple[int, ...]:
    """CLIP's token ids of a text, without start and end; texts with equal ids are one to CLIP."""
    return tuple(_tokenizer().encode(text))


def prompt_length(prompt: str) -> int:
    """Number of tokens of a prompt with start and end, which may be more than CLIP reads."""
    return len(word_ids(prompt)) + _ENDS


def pieces_of(word: str) -> tuple[str, ...]:
    """The text of each token of a word; bytes within a character as `<f0 9f>`."""
    return tuple(map(_piece, word_ids(word)))


def template_lengths(word: str) -> tuple[int, int]:
    """The lengths of the shortest and the longest prompt of the 80 templates for a word."""
    templates = get_templates("imagenet")
    shortest, longest = _extreme_templates()
    if len(word_ids(word)) + prompt_length(longest) < CONTEXT_LENGTH - _ENDS:
        templates = (shortest, longest)  # exact to a token only near the limit
    lengths = [prompt_length(template.replace("{}", word)) for template in templates]
    return min(lengths), max(lengths)


@cache
def _extreme_templates() -> tuple[str, str]:
    ordered = sorted(get_templates("imagenet"), key=prompt_length)
    return ordered[0], ordered[-1]


def _piece(number: int) -> str:
    symbols = _tokenizer().decoder[number].removesuffix("</w>")
    content = bytes(_tokenizer().byte_decoder[symbol] for symbol in symbols)
    try:
        return content.decode()
    except UnicodeDecodeError:
        return f"<{content.hex(' ')}>"


@cache
def _tokenizer():
    return load_bpe()


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
