"""What is found wrong beyond what reading finds."""

import random
import string

import pytest

from freecp_d2.apps.words.checking import check_vocabulary
from freecp_d2.text import Descriptions, Vocabulary


def problems_of(*words, descriptions=None):
    vocabulary = Vocabulary("v", tuple((word,) for word in words))
    return [finding.text for finding in check_vocabulary(vocabulary, descriptions).problems]


def test_a_word_of_300_words():
    # "a photo of many {}." is not the longest template; that one has 11 tokens beside the word.
    [text] = problems_of("cat", "word " * 300)
    assert text.startswith("'word word word")
    assert text.endswith("makes prompts of up to 311 tokens, of which CLIP reads 77; shorten it")


def test_the_longest_word_that_fits():
    assert problems_of("word " * 66) == []
    [text] = problems_of("word " * 67)
    assert "up to 78 tokens" in text


def test_one_word_of_fifty_thousand_letters():
    """Of which CLIP's tokenizer, whose time is the square of the length, gets the beginning."""
    letters = random.Random(0).choices(string.ascii_lowercase, k=50_000)
    texts = problems_of("".join(letters), "".join(letters[:-1]), "cat")
    assert len(texts) == 3
    assert texts[0].endswith("far more than 77 tokens, of which CLIP reads 77; shorten it")
    assert texts[2].endswith("are one word to CLIP")


def test_many_letters_that_are_few_tokens():
    assert problems_of("cat" + "&nbsp;" * 1000 + "dog", "cat" + "&nbsp;" * 1000 + "cow") == []


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("tvmonitor; tv monitor", "'tvmonitor' and 'tv monitor'"),
        ("book shelf; cat; bookshelf", "'book shelf' and 'bookshelf'"),
        ("cat; stop sign; background: stopsign", "'stop sign' and 'stopsign'"),
    ],
)
def test_a_word_with_and_without_its_blanks(text, pair):
    [finding] = check_vocabulary(Vocabulary.from_string(text)).problems
    assert str(finding) == f"{pair} are one word, with and without its blanks"


def test_both_spellings_may_be_synonyms():
    vocabulary = Vocabulary.from_string("tvmonitor, tv monitor; cat")
    assert check_vocabulary(vocabulary).problems == ()


def test_words_that_clip_cannot_tell_apart():
    assert problems_of("cat", "\uff43\uff41\uff54") == [  # full-width letters
        "'cat' and '\uff43\uff41\uff54' are one word to CLIP"
    ]
    assert problems_of("tea", "tear") == []


def test_a_word_of_nothing():
    [text] = problems_of("&nbsp;", "cat")
    assert text.startswith("CLIP reads nothing of")


def test_descriptions_that_are_too_long():
    descriptions = Descriptions({"cat": ["a furry pet", "very " * 80 + "long"]})
    [text] = problems_of("cat", descriptions=descriptions)
    assert text.startswith("a description of 'cat' has 83 tokens, of which CLIP reads 77: 'very v")


def test_only_classes_need_descriptions():
    descriptions = Descriptions({"cat": ["a furry pet"]})
    vocabulary = Vocabulary("v", (("cat",), *((f"w{i}x",) for i in range(12))), ("sky",))
    [note] = check_vocabulary(vocabulary, descriptions).notes
    assert note.text.startswith("12 of 13 words of classes have no descriptions")
    assert note.text.endswith("'w9x', ...")
