"""What a benchmark calls its classes, in the order of its vocabulary's."""

import pytest

from freecp_d2.apps.words.senses import benchmark_names
from freecp_d2.text import load_vocabulary, shipped_vocabularies


def test_names_that_differ_from_the_words():
    names = benchmark_names("ade20k")
    words = load_vocabulary("ade20k").class_names
    found = dict(zip(words, names, strict=True))
    assert found["ashcan"] == "trash can"
    assert found["hood"] == "hood, exhaust hood"


@pytest.mark.parametrize("name", shipped_vocabularies())
def test_one_a_class_or_none(name):
    names = benchmark_names(name)
    assert len(names) == (0 if name.startswith("storybook") else load_vocabulary(name).num_classes)


def test_no_benchmark():
    assert benchmark_names("mine") == benchmark_names("voc2") == ()
