"""What is there is not asked for again, and stays as it was; what is new says where it is from."""

import json

import pytest

from freecp_d2.apps.describe import VICUNA, Entry, Job, Senses
from freecp_d2.text import Descriptions, Vocabulary, load_descriptions

from .server import sentence

ASKED = ("What is a {word}?",)
WORDS = Vocabulary("mine", (("cat", "Cat "), ("dog",)), ("sky",))


@pytest.fixture
def output(tmp_path):
    return tmp_path / "words.json"


def job(output, vocabulary=WORDS, given=None, entries=(), background=False, **said):
    senses, given = Senses(vocabulary, **said), given or Descriptions()
    return Job(output, vocabulary, ASKED, senses, given, entries, background=background)


def entry(word, model="m", count=5, start=0, sense=""):
    sentences = tuple(sentence(word, number) for number in range(start, start + count))
    return Entry(word, ASKED[0], model, sentences, sense=sense)


def content(output):
    return json.loads(output.read_text("utf-8"))


def test_words_are_each_once(output):
    found = job(output, background=True)
    assert found.words == ("sky", "Cat ", "dog")
    assert found.collection.words == found.words
    assert found.num_described == 0


def test_background_words_are_left_out(output):
    """Eq. (8) reads none of theirs."""
    assert job(output).words == ("Cat ", "dog")


def test_what_is_described_is_left_out(output):
    output.write_text(json.dumps({"Dog": ["A dog."], "owl": ["An owl."]}))
    given = Descriptions({"dog": ["Another."], "sky": ["Blue."]})
    found = job(output, given=given, background=True)
    assert found.collection.words == ("Cat ",)
    assert found.num_described == 2


def test_what_was_there_stays_and_a_part_of_a_word_is_not_written(output):
    output.write_text(json.dumps({"Dog": ["A dog."], "owl": ["An owl."]}))
    entries = [entry("cat"), entry("sky", count=4)]
    described = job(output, entries=entries).write("here")
    assert described.as_dict() == content(output)["descriptions"]
    assert list(described.as_dict()) == ["Dog", "owl", "Cat "]
    assert described.prompts("Dog", ()) == ("A dog.",)


def test_nothing_new_nothing_written(output):
    assert len(job(output).write("here")) == 0
    assert not output.exists()


class TestOrigins:
    def test_words_of_several_models(self, output):
        entries = [
            *(entry("cat", "m", 3), entry("cat", "n", 2, 9)),
            *(entry("sky", "m"), entry("dog", VICUNA)),
        ]
        job(output, entries=entries, background=True).write("here")
        found = {tuple(each["words"]): each for each in content(output)["origins"]}
        assert {words: each["model"] for words, each in found.items()} == {
            ("Cat ",): "m; n",
            ("sky",): "m",
            ("dog",): VICUNA,
        }
        assert "Llama 2" in found["dog",]["licence"]
        assert found["Cat ",]["licence"].count("not stated") == 2
        assert found["sky",]["instructions"] == list(ASKED)

    def test_of_copied_words_is_kept(self, output):
        shipped = load_descriptions("visual")
        job(output, given=shipped, entries=[entry("zorb")], vocabulary=Vocabulary(
            "two", (("cat",), ("zorb",)))).write("here", "CC0")  # fmt: skip
        first, second = content(output)["origins"]
        assert first["words"] == ["cat"]
        assert first["model"] == shipped.provenance["model"]
        assert first["licence"] == shipped.provenance["licence"]
        assert (second["words"], second["licence"]) == (["zorb"], "CC0")
        assert (second["source"], second["model"]) == ("here", "m")

    def test_senses(self, output):
        said = {"meanings": {"dog": "the animal"}, "context": "a farm"}
        entries = [entry("dog", sense="the animal; a farm"), entry("sky", sense="a farm")]
        job(output, entries=entries, **said).write("here")
        assert content(output)["context"] == "a farm"
        assert content(output)["senses"] == {"dog": "the animal"}
        assert "senses" not in json.dumps(job(output, entries=entries).collection.complete())


def test_sentences_of_another_sense_are_not_taken(output):
    entries = [entry("dog", sense="the animal"), entry("cat")]
    assert job(output, entries=entries).collection.num_missing == 1 * 5
    found = job(output, entries=entries, meanings={"dog": "the animal"})
    assert found.collection.num_missing == 0


def test_an_output_that_is_none(output):
    output.write_text("[1")
    with pytest.raises(ValueError, match="expected JSON"):
        job(output)
