"""Problems of a vocabulary beyond those that its reader finds."""

from freecp_d2.apps.words.lookup import check_vocabulary
from freecp_d2.text import Descriptions, Vocabulary


def problems_of(*words, descriptions=None):
    vocabulary = Vocabulary("v", tuple((word,) for word in words))
    return [finding.text for finding in check_vocabulary(vocabulary, descriptions).problems]


def test_a_word_that_is_too_long():
    # The longest template has 11 tokens beside the word.
    [text] = problems_of("cat", "word " * 300)
    assert text.startswith("'word word word")
    assert "311 tokens" in text
    assert problems_of("word " * 66) == []
    [text] = problems_of("word " * 67)
    assert "78 tokens" in text


def test_words_that_differ_only_in_spaces():
    for text, first, second in (
        ("tvmonitor; tv monitor", "'tvmonitor'", "'tv monitor'"),
        ("book shelf; cat; bookshelf", "'book shelf'", "'bookshelf'"),
        ("cat; stop sign; background: stopsign", "'stop sign'", "'stopsign'"),
    ):
        [finding] = check_vocabulary(Vocabulary.from_string(text)).problems
        assert str(finding).startswith(f"{first} and {second} ")
    synonyms = Vocabulary.from_string("tvmonitor, tv monitor; cat")
    assert check_vocabulary(synonyms).problems == []


def test_words_that_clip_cannot_tell_apart():
    full_width = "\uff43\uff41\uff54"
    assert problems_of("cat", full_width) == [f"'cat' and '{full_width}' are one word to CLIP"]
    assert problems_of("tea", "tear") == []
    [text] = problems_of("&nbsp;", "cat")
    assert text.startswith("CLIP reads nothing of")


def test_descriptions():
    descriptions = Descriptions({"cat": ["a furry pet", "very " * 80 + "long"]})
    [text] = problems_of("cat", descriptions=descriptions)
    assert text.startswith("a description of 'cat' has 83 tokens")
    descriptions = Descriptions({"cat": ["a furry pet"]})
    vocabulary = Vocabulary("v", (("cat",), *((f"w{i}x",) for i in range(12))), ("sky",))
    [note] = check_vocabulary(vocabulary, descriptions).notes
    assert note.text.startswith("12 of 13 words")
    assert note.text.endswith("'w9x', ...")
