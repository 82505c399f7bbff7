"""
Names of classes in benchmarks, words as CLIP reads them, against CLIP's own tokenizer, and problems
of a vocabulary beyond those that its reader finds.
"""

import clip

from freecp_d2.apps.words.lookup import (
    benchmark_names,
    check_vocabulary,
    class_senses,
    pieces_of,
    prompt_length,
    template_lengths,
)
from freecp_d2.text import (
    Descriptions,
    Vocabulary,
    get_templates,
    load_vocabulary,
    shipped_vocabularies,
)


class TestBenchmarkNames:
    def test_order_and_number(self):
        classes = load_vocabulary("ade20k").class_names
        found = dict(zip(classes, benchmark_names("ade20k"), strict=True))
        assert (found["ashcan"], found["hood"]) == ("trash can", "hood, exhaust hood")
        for name in shipped_vocabularies():
            expected = 0 if name.startswith("storybook") else load_vocabulary(name).num_classes
            assert len(benchmark_names(name)) == expected, name
        assert benchmark_names("mine") == benchmark_names("voc2") == ()

    def test_a_vocabulary_with_a_shipped_name_gets_the_names_of_equal_lines_only(self):
        shipped = load_vocabulary("ade20k")
        k = shipped.class_names.index("hood")
        own = Vocabulary("ade20k", (("zorb",), *shipped.classes[1 : k + 1]))
        assert (class_senses(own)[0], class_senses(own)[k]) == ("", "hood, exhaust hood")
        own = Vocabulary("ade20k", (*shipped.classes[1:], shipped.classes[0]))
        assert set(class_senses(own)) == {""}
        own = Vocabulary("voc20_mine", load_vocabulary("voc20").classes[::-1])
        assert set(class_senses(own)) == {""}


def length_by_clip(prompt):
    return int((clip.tokenize(prompt, context_length=400) != 0).sum())


def test_lengths_are_those_of_the_library():
    for prompt in ("a photo of a cat.", "قطة", "\U0001f9a9", "chest of drawers"):
        assert prompt_length(prompt) == length_by_clip(prompt), prompt
    for word in ("cat", "c#", "a-b.", "word " * 62, "word " * 70, "\U0001f9a9!"):
        lengths = [length_by_clip(each.format(word)) for each in get_templates("imagenet")]
        assert template_lengths(word) == (min(lengths), max(lengths)), word


def test_pieces():
    assert pieces_of("Chest of  drawers") == ("chest", "of", "drawers")
    assert pieces_of("pottedplant") == ("pot", "ted", "plant")
    assert "".join(pieces_of("قطة")) == "قطة"
    assert pieces_of("") == ()


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
