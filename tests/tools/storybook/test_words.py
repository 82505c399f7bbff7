"""The shipped word lists and descriptions are generated from the classes."""

import itertools
import json
import warnings

import pytest

from freecp_d2.data.storybook.classes import CLASSES
from freecp_d2.text import load_vocabulary

SHIPPED = (
    "vocabularies/storybook.txt",
    "vocabularies/storybook_wide.txt",
    "descriptions/storybook.json",
)


@pytest.fixture
def words(tools):
    return tools("words")


@pytest.fixture
def descriptions(words):
    path = words.DATA / "descriptions" / "storybook.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_shipped_files_are_up_to_date(words, tmp_path, monkeypatch, capsys):
    shipped = words.DATA
    (tmp_path / "vocabularies").mkdir()
    monkeypatch.setattr(words, "DATA", tmp_path)
    words.main()
    assert capsys.readouterr().out == "36 classes, 81 words\n"
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert found == set(SHIPPED)
    for name in SHIPPED:
        assert (shipped / name).read_bytes() == (tmp_path / name).read_bytes()


def test_words():
    narrow, wide = (load_vocabulary(name).class_names for name in ("storybook", "storybook_wide"))
    assert (len(narrow), len(wide), len(set(wide))) == (36, 81, 81)
    assert wide[:36] == narrow
    assert wide[:54] == tuple(c.name for c in CLASSES)  # the word's number is the pixel's label
    assert {"water", "animal", "wall", "pond", "office tower"} < set(wide[54:])


class TestDescriptions:
    def test_every_word_has_fifteen(self, descriptions):
        wide = load_vocabulary("storybook_wide").class_names
        assert tuple(descriptions["descriptions"]) == wide
        for name, texts in descriptions["descriptions"].items():
            assert len(set(texts)) == len(texts) == 15, name
            assert all(name in text for text in texts)
        texts = [text for texts in descriptions["descriptions"].values() for text in texts]
        assert len(set(texts)) == 81 * 15

    def test_two_by_hand(self, descriptions):
        found = descriptions["descriptions"]
        assert found["cow"][0] == "a photo of a cow, a white body with dark patches."
        assert found["umbrella"][-1] == "a round roof for the beach, an umbrella."

    def test_articles(self, descriptions):
        for texts in descriptions["descriptions"].values():
            for text in texts:
                before = text.replace(",", " ").replace(".", " ").split()
                for article, word in itertools.pairwise(before):
                    if article in ("a", "an"):
                        assert (article == "an") == (word[0] in "aeiou"), text

    def test_clip_reads_them_to_the_end(self, descriptions):
        """At most 77 tokens; `tokenize` refuses longer ones."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import clip
        texts = [text for texts in descriptions["descriptions"].values() for text in texts]
        assert clip.tokenize(texts).shape == (81 * 15, 77)


def test_with_article(words):
    for expected in ("a cow", "an animal", "an umbrella", "a bus"):
        assert words.with_article(expected.partition(" ")[2]) == expected
