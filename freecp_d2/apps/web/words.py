"""Parse the text box: `cat, kitten; dog`, or one class a line. No file is ever opened."""

from ...text import Vocabulary
from ...visualization.html.markup import Markup, element
from ..words.checking import check_vocabulary

MOST_WORDS = 300
"""The longest shipped list has 171. Encoding the words of one visitor delays all others."""
MOST_LETTERS = 20_000
_MOST_LETTERS_OF_A_WORD = 2000
_MOST_HINTS = 4


class Problem(ValueError):  # noqa: N818 - not an error of the program
    """An invalid input that the visitor can correct; the page shows its text."""


def read_words(text: str | None) -> Vocabulary:
    """
    Read a visitor's words. Unlike `load_vocabulary`, never opens a file.

    Raises:
        Problem: no words, too many or too long words, or invalid syntax.
    """
    text = text or ""
    if not text.strip(" \t\r\n;,"):
        raise Problem("There are no words yet. Write some, for instance: cat, kitten; dog; sofa")
    if len(text) > MOST_LETTERS:
        raise Problem(
            f"These are {len(text):,} letters; this page takes up to {MOST_LETTERS:,}. Leave "
            "some words out."
        )
    try:
        vocabulary = Vocabulary.from_string(text)
    except ValueError as error:
        raise Problem(f"These words cannot be used. {error}") from error
    if len(vocabulary.words) > MOST_WORDS:
        raise Problem(
            f"There are {len(vocabulary.words):,} words; this page takes up to {MOST_WORDS:,}. "
            "Leave some out."
        )
    longest = max(map(len, vocabulary.words))
    if longest > _MOST_LETTERS_OF_A_WORD:
        raise Problem(
            f"One word has {longest:,} letters, of which CLIP reads about 300; this page takes up "
            f"to {_MOST_LETTERS_OF_A_WORD:,}. Put semicolons between the words."
        )
    return vocabulary


def words_as_text(vocabulary: Vocabulary) -> str:
    """The text that `read_words` reads as this vocabulary."""
    parts = [f"background: {', '.join(vocabulary.background)}"] if vocabulary.background else []
    return "; ".join(parts + [", ".join(synonyms) for synonyms in vocabulary.classes])


def hint(text: str | None) -> Markup:
    """The number of classes and what looks wrong with the words, or why they cannot be used."""
    try:
        vocabulary = read_words(text)
    except Problem as problem:
        return element("p", str(problem), class_="hint problem", role="status")
    classes, words = vocabulary.num_classes, len(vocabulary.words) - vocabulary.num_background
    counted = f"{classes} class" + "es" * (classes != 1)
    counted += f" of {words} words" * (words != classes)
    counted += f", {vocabulary.num_background} background words" * bool(vocabulary.num_background)
    report = check_vocabulary(vocabulary)
    found = [str(finding) for finding in (*report.problems, *report.notes)]
    more = [f"and {len(found) - _MOST_HINTS} more"] if len(found) > _MOST_HINTS else []
    items = [element("li", line) for line in (*found[:_MOST_HINTS], *more)]
    listed = element("ul", *items) if items else Markup()
    return element("div", f"{counted}.", listed, class_="hint", role="status")
