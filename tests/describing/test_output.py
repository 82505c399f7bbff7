"""The file says where everything in it comes from, and its hash is right."""

import json
from datetime import date

from freecp_d2.describing import merge, write_descriptions
from freecp_d2.text import Descriptions
from freecp_d2.text.descriptions import descriptions_digest

CAT, DOG = {"cat": ["A cat \u00e9."]}, {"dog": ["A dog."]}
FACTS = {"models": ["m"], "instructions": ["{word}?"], "licence": "CC0", "source": "s"}


def test_the_documented_keys(tmp_path, caplog):
    path = tmp_path / "words.json"
    write_descriptions(path, CAT, **FACTS)
    content = json.loads(path.read_text("utf-8"))
    assert content == {
        "model": "m",
        "instructions": ["{word}?"],
        "date": date.today().isoformat(),
        "licence": "CC0",
        "source": "s",
        "sha256": descriptions_digest(CAT),
        "descriptions": CAT,
    }
    assert Descriptions.from_file(path).provenance["model"] == "m"
    assert not caplog.records
    assert "\u00e9" in path.read_text("utf-8")


def test_what_was_known_is_kept_each_once(tmp_path):
    path = tmp_path / "words.json"
    write_descriptions(path, CAT, **FACTS)
    for model in ("n", "m", "n"):
        new = {"models": [model], "instructions": ["{word}!"], "licence": "CC0", "source": "s"}
        old = Descriptions.from_file(path)
        write_descriptions(path, CAT | DOG, **new, earlier=[old, Descriptions(), old])
    found = Descriptions.from_file(path).provenance
    assert (found["model"], found["licence"], found["source"]) == ("m; n", "CC0", "s")
    assert sorted(found["instructions"]) == ["{word}!", "{word}?"]


def test_odd_provenance_does_no_harm(tmp_path):
    odd = Descriptions(CAT, provenance={"model": 3, "instructions": "one", "source": None})
    write_descriptions(tmp_path / "words.json", CAT, **FACTS, earlier=[odd])
    found = Descriptions.from_file(tmp_path / "words.json").provenance
    assert (found["model"], found["instructions"]) == ("m", ["{word}?", "one"])


def test_merge_takes_the_first():
    assert merge({"Dining table": ["a"]}, {"diningtable": ["b"], "cat": ("c",)}) == {
        "Dining table": ["a"],
        "cat": ["c"],
    }
