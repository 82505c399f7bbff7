"""The output keeps its words, gets complete ones, and states where everything comes from."""

import json
from datetime import date

import pytest

from freecp_d2.apps.describe.journal import Entry
from freecp_d2.apps.describe.output import Output
from freecp_d2.apps.describe.questions import Senses
from freecp_d2.text import Descriptions, Vocabulary
from freecp_d2.text.descriptions import descriptions_digest

from .server import sentence

ASKED = ("What is a {word}?",)
WORDS = Vocabulary("mine", (("cat", "Cat "), ("dog",)), ("sky",))
FACTS = {"model": "m", "instructions": ["{word}?"], "date": "2020-01-01", "licence": "CC0"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "words.json"


def output(path, vocabulary=WORDS, given=None, entries=(), context=""):
    senses, given = Senses(vocabulary, context), given or Descriptions()
    return Output(path, vocabulary, ASKED, senses, given, entries)


def entry(word, model="m", count=5, start=0, sense=""):
    sentences = tuple(sentence(word, number) for number in range(start, start + count))
    return Entry(word, ASKED[0], model, sentences, sense)


def content(path):
    return json.loads(path.read_text("utf-8"))


def test_words_to_describe(path):
    assert output(path).collection.words == ("Cat ", "dog")
    path.write_text(json.dumps({"Dog": ["A dog."], "owl": ["An owl."]}))
    found = output(path, given=Descriptions({"dog": ["Another."]}))
    assert found.collection.words == ("Cat ",)
    assert found.num_described == 1


def test_old_words_stay_and_incomplete_ones_are_not_written(path):
    path.write_text(json.dumps({"Dog": ["A dog."], "owl": ["An owl \u00e9."]}))
    described = output(path, entries=[entry("cat"), entry("sky", count=4)]).write("here")
    assert described.as_dict() == content(path)["descriptions"]
    assert list(described.as_dict()) == ["Dog", "owl", "Cat "]
    assert described.prompts("Dog", ()) == ("A dog.",)
    assert "\u00e9" in path.read_text("utf-8")


def test_one_origin_is_that_of_the_file(path):
    entries = [entry(word, sense="a farm") for word in ("dog", "cat")]
    output(path, entries=entries, context="a farm").write("here", "CC0")
    found = content(path)
    assert found["sha256"] == descriptions_digest(found["descriptions"])
    assert (found["model"], found["source"], found["licence"]) == ("m", "here", "CC0")
    assert found["context"] == "a farm"
    assert (found["instructions"], found["date"]) == (list(ASKED), date.today().isoformat())
    assert "origins" not in found


def test_words_of_several_models(path):
    entries = [entry("cat", "m", 3), entry("cat", "n", 2, 9), entry("dog", "o")]
    output(path, entries=entries).write("here")
    found = {word: each for each in content(path)["origins"] for word in each["words"]}
    models = {word: each["model"] for word, each in found.items()}
    assert models == {"Cat ": "m; n", "dog": "o"}
    assert "not stated" in found["dog"]["licence"]
    assert found["dog"]["instructions"] == list(ASKED)


class TestOldOrigins:
    def origins(self, path, old):
        """The origins after `dog` is added to an old file that has `cat`."""
        path.write_text(json.dumps(old | {"descriptions": {"cat": ["A cat."]}}))
        output(path, entries=[entry("dog")]).write("here")
        return content(path)["origins"]

    def test_of_listed_words(self, path):
        old, new = self.origins(path, {"origins": [FACTS | {"words": ["Cat", "owl"]}]})
        assert old == FACTS | {"words": ["cat"]}
        assert (new["words"], new["model"]) == (["dog"], "m")
        old, new = self.origins(path, FACTS | {"sha256": "0" * 64})  # the hash of another text
        assert old == FACTS | {"edited": True, "words": ["cat"]}
        assert "edited" not in new

    def test_of_words_that_the_list_lacks(self, path):
        old, _ = self.origins(path, {"model": "m", "origins": [FACTS | {"words": ["owl"]}]})
        assert old == {"source": "not stated", "words": ["cat"]}
        assert self.origins(path, {})[0] == {"source": "not stated", "words": ["cat"]}
