"""Words as CLIP reads them, against its own tokenizer."""

import clip
import pytest

from freecp_d2.apps.words.tokens import pieces_of, prompt_length, template_lengths, word_ids
from freecp_d2.text import get_templates


def length_by_clip(prompt):
    return int((clip.tokenize(prompt, context_length=400) != 0).sum())


@pytest.mark.parametrize("prompt", ["a photo of a cat.", "قطة", "\U0001f9a9", "chest of drawers"])
def test_length_is_that_of_the_library(prompt):
    assert prompt_length(prompt) == length_by_clip(prompt)


@pytest.mark.parametrize("word", ["cat", "c#", "a-b.", "word " * 62, "word " * 70, "\U0001f9a9!"])
def test_extremes_over_the_templates(word):
    lengths = [length_by_clip(template.format(word)) for template in get_templates("imagenet")]
    assert template_lengths(word) == (min(lengths), max(lengths))


def test_pieces():
    assert pieces_of("Chest of  drawers") == ("chest", "of", "drawers")
    assert pieces_of("pottedplant") == ("pot", "ted", "plant")
    assert "".join(pieces_of("قطة")) == "قطة"
    assert pieces_of("") == ()


def test_the_same_to_clip():
    assert word_ids("Cat") == word_ids(" cat ")
    assert word_ids("cat") != word_ids("dog")
