"""Names of classes in benchmarks, and words as CLIP reads them, against CLIP's own tokenizer."""

import clip

from freecp_d2.apps.words.lookup import (
    benchmark_names,
    class_senses,
    pieces_of,
    prompt_length,
    template_lengths,
)
from freecp_d2.text import Vocabulary, get_templates, load_vocabulary, shipped_vocabularies


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
