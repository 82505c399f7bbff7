"""The words of the page's text box: `cat, kitten; dog`, or a line each; never a path."""

from ...text import Vocabulary
from ...visualization.html.markup import Markup, element
from ..words.checking import check_vocabulary
from .messages import Problem

__all__ = ["MOST_LETTERS", "MOST_WORDS", "hint", "read_words", "words_as_text"]

MOST_WORDS = 300
"""The longest shipped list has 171, and all visitors wait while the words of one are encoded."""
MOST_LETTERS = 20_000
_MOST_LETTERS_OF_A_WORD = 2000
_MOST_HINTS = 4


def read_words(text: str | None) -> Vocabulary:
    """
    Unlike `load_vocabulary` it takes a string as words whatever they are, for a visitor has no
    business with the files of the machine that serves the page.

    Raises:
        Problem: no words, too many or too long ones, or a part that makes no sense.
    """
    if not (text or "").strip(" \t\r\n;,"):
        raise Problem("There are no words yet. Write some, for instance: cat, kitten; dog; sofa")
    if len(str(text)) > MOST_LETTERS:
        raise Problem(
            f"These are {len(str(text)):,} letters; this page takes up to {MOST_LETTERS:,}. Leave "
            "some words out."
        )
    try:
        vocabulary = Vocabulary.from_string(str(text))
    except ValueError as error:
        raise Problem(f"These words cannot be used. {error}") from error
    if len(vocabulary.words) > MOST_WORDS:
        raise Problem(
            f"There are {len(vocabulary.words):,} words; this page takes up to {MOST_WORDS:,}. "
            "Leave some out."
        )
    longest = max(vocabulary.words, key=len)
    if len(longest) > _MOST_LETTERS_OF_A_WORD:
        raise Problem(
            f"One word has {len(longest):,} letters, of which CLIP reads about 300; this page "
            f"takes up to {_MOST_LETTERS_OF_A_WORD:,}. Put semicolons between the words."
        )
    return vocabulary


def words_as_text(vocabulary: Vocabulary) -> str:
    """What `read_words` makes the same classes of."""
    parts = [f"background: {', '.join(vocabulary.background)}"] if vocabulary.background else []
    return "; ".join(parts + [", ".join(synonyms) for synonyms in vocabulary.classes])


def hint(text: str | None) -> Markup:
    """How many classes the words are, and what may not be meant, or why they cannot be used."""
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
    items = [element("li", text) for text in (*found[:_MOST_HINTS], *more)]
    listed = element("ul", *items) if items else Markup()
    return element("div", f"{counted}.", listed, class_="hint", role="status")
