"""The file says where everything in it comes from, and its hash is right."""

import json
from datetime import date

from freecp_d2.apps.describe.output import Origin, earlier_origins, merge, write_descriptions
from freecp_d2.text import Descriptions
from freecp_d2.text.descriptions import descriptions_digest

CAT, DOG, COW = {"cat": ["A cat \u00e9."]}, {"dog": ["A dog."]}, {"cow": ["A cow."]}
FACTS = {"model": "m", "instructions": ["{word}?"], "date": "2020-01-01", "licence": "CC0"}
OTHER = FACTS | {"model": "n", "instructions": ["{word}!"], "date": "2021-01-01"}


def test_one_origin_is_that_of_the_file(tmp_path, caplog):
    path = tmp_path / "words.json"
    write_descriptions(path, CAT, [Origin(("cat",), FACTS)])
    content = json.loads(path.read_text("utf-8"))
    assert content == FACTS | {"sha256": descriptions_digest(CAT), "descriptions": CAT}
    assert Descriptions.from_file(path).provenance["model"] == "m"
    assert not caplog.records
    assert "\u00e9" in path.read_text("utf-8")


def test_words_of_two_models_have_an_origin_each(tmp_path):
    path = tmp_path / "words.json"
    write_descriptions(path, CAT, [Origin(("cat",), FACTS)])
    for words, word, facts in ((CAT | DOG, "dog", OTHER), (CAT | DOG | COW, "cow", FACTS)):
        old = Descriptions.from_file(path)
        origins = earlier_origins(old, old.as_dict())
        write_descriptions(path, words, [*origins, Origin((word,), facts)])
    found = Descriptions.from_file(path).provenance
    assert found["origins"] == [FACTS | {"words": ["cat", "cow"]}, OTHER | {"words": ["dog"]}]
    assert (found["model"], found["licence"]) == ("m; n", "CC0")
    assert found["instructions"] == ["{word}?", "{word}!"]
    assert found["date"] == date.today().isoformat()


class TestEarlier:
    def test_some_of_the_words(self):
        provenance = {"model": "m; n", "origins": [FACTS | {"words": ["Cat", "dog"]}]}
        found = earlier_origins(Descriptions(CAT | DOG, provenance=provenance), ["cat"])
        assert found == [Origin(("cat",), FACTS)]

    def test_a_word_that_the_list_lacks(self):
        provenance = {"model": "m", "origins": [FACTS | {"words": ["cat"]}]}
        found = earlier_origins(Descriptions(CAT | DOG, provenance=provenance), ["cat", "dog"])
        assert found == [Origin(("cat",), FACTS), Origin(("dog",), {"source": "not stated"})]

    def test_a_file_that_says_nothing(self):
        assert earlier_origins(Descriptions(CAT), ["cat"]) == [
            Origin(("cat",), {"source": "not stated"})
        ]
        assert earlier_origins(Descriptions(), []) == []

    def test_an_edited_file_stays_known_as_such(self, tmp_path):
        path = tmp_path / "words.json"
        path.write_text(json.dumps(FACTS | {"sha256": "0" * 64, "descriptions": CAT}))
        old = Descriptions.from_file(path)
        origins = [*earlier_origins(old, ["cat"]), Origin(("dog",), FACTS)]
        assert origins[0] == Origin(("cat",), FACTS | {"edited": True})
        write_descriptions(path, CAT | DOG, origins)
        found = Descriptions.from_file(path).provenance["origins"]
        assert found == [
            FACTS | {"edited": True, "words": ["cat"]},
            FACTS | {"words": ["dog"]},
        ]

    def test_odd_provenance_does_no_harm(self, tmp_path):
        odd = Descriptions(CAT, provenance={"model": 3, "instructions": "one", "origins": ["?"]})
        origins = [*earlier_origins(odd, ["cat"]), Origin(("dog",), FACTS)]
        write_descriptions(tmp_path / "words.json", CAT | DOG, origins)
        found = Descriptions.from_file(tmp_path / "words.json").provenance
        assert (found["model"], found["instructions"]) == ("m", ["one", "{word}?"])


def test_merge_takes_the_first():
    assert merge({"Dining table": ["a"]}, {"diningtable": ["b"], "cat": ("c",)}) == {
        "Dining table": ["a"],
        "cat": ["c"],
    }
