"""Rounds: everything asked is there at the end, nothing twice, whatever the server does."""

import pytest

from freecp_d2.apps.describe import (
    Collection,
    Endpoint,
    Journal,
    Politeness,
    Validator,
    amount,
    describe,
    outcome,
    read_journal,
)
from freecp_d2.apps.describe.run import Failure

from .server import sentence

WORDS = ("cat", "dog", "cow", "owl", "bus", "traffic light")


@pytest.fixture
def journal(tmp_path):
    found = Journal(tmp_path / "words.json.journal")
    yield found
    found.close()


def endpoint(server):
    politeness = Politeness(concurrency=4, retries=3, first_wait=0.01, timeout=2.5)
    return Endpoint(server.url, "m", politeness=politeness)


def test_everything_is_there_and_nothing_was_asked_for_twice(server, journal):
    server.slow, server.delay = 3.5, 0.05
    server.faults = [
        *("slow", 429, 500, "malformed", "refusal", "cut", ("sentences", 3), "no choices"),
        *((429, {"Retry-After": "0.1"}), ("sentences", 1), "refusal", 503),
    ]
    collection = Collection(WORDS, Validator())
    describe(collection, endpoint(server), journal)
    assert {word: len(found) for word, found in collection.complete().items()} == dict.fromkeys(
        WORDS, 15
    )
    assert server.served == dict.fromkeys(WORDS, 15)  # no sentence was made in vain
    everything = [text for found in collection.complete().values() for text in found]
    assert len(set(everything)) == len(everything)
    kept = [text for entry in read_journal(journal.path) for text in entry.sentences]
    assert sorted(kept) == sorted(everything)
    assert 2 <= server.most_in_flight <= 5  # goes on with the slow one when nobody waits


def test_a_refusal_is_asked_again_and_then_reported(server, journal):
    server.always = "refusal"
    collection = Collection(["cat"], Validator())
    describe(collection, endpoint(server), journal, attempts=3)
    assert len(server.prompts) == 9
    assert "'cat' has 0 of 15 sentences\n    9 x a refusal: " in outcome(collection)
    assert "Not in the output, for want of sentences: 1 word." in outcome(collection)


def test_a_rejected_question_is_not_asked_again(server, journal):
    server.forbidden = {"gun"}
    collection = Collection(["cat", "gun", "dog"], Validator())
    describe(collection, endpoint(server), journal)
    assert list(collection.incomplete()) == ["gun"]
    assert len(server.prompts) == 9
    assert "3 x the server answered 400 Bad Request" in outcome(collection)


def test_more_than_asked_for_is_left(server, journal):
    server.always = ("sentences", 7)
    collection = Collection(["cat"], Validator())
    describe(collection, endpoint(server), journal)
    assert len(server.prompts) == 3
    assert collection.num_missing == 0


def test_what_comes_before_an_error_is_kept(journal):
    class Broken:
        model = "m"

        def answers(self, questions):
            yield questions[0], "\n".join(sentence("cat", i) for i in range(5))
            yield questions[1], Failure("no luck")
            raise ConnectionError("gone")

    collection = Collection(["cat"], Validator())
    with pytest.raises(ConnectionError, match="gone"):
        describe(collection, Broken(), journal)
    assert len(collection.sentences("cat")) == 5
    (entry,) = read_journal(journal.path)
    assert len(entry.sentences) == 5
    assert collection.incomplete() == {"cat": ["no luck"]}


def test_nothing_missing_nobody_asked(journal):
    describe(Collection([], Validator()), None, journal)


class TestReports:
    def test_amount(self):
        collection = Collection(["cat", "dog"], Validator())
        questions = collection.questions()
        collection.add(questions[0], [sentence("cat", i) for i in range(5)], "m")
        text = amount(collection, 7, (1e6, 0.0))
        assert "9 words, 7 of them described already; 5 sentences of the others in the" in text
        assert "5 questions for 25 sentences" in text
        tokens = int(text.split("about ")[1].split()[0])
        assert text.endswith(f"costs about {tokens}.00.")
        assert tokens > 5 * 40

    def test_outcome_of_many(self):
        collection = Collection([f"word {i}" for i in range(30)], Validator())
        for question in collection.questions()[: 3 * 25]:
            collection.fail(question, "no luck")
        text = outcome(collection)
        assert "0 of 30 words" in text
        assert "  'word 0' has 0 of 15 sentences\n    3 x no luck" in text
        assert "  and 5 more" in text
        assert "  5 words without any answer" in text
        assert len(text.splitlines()) == 1 + 2 * 20 + 3

    def test_outcome_when_all_is_there(self):
        assert outcome(Collection([], Validator())) == ""
        assert amount(Collection([], Validator()), 2) == (
            "2 words, all of them described already: there is nothing to ask."
        )
