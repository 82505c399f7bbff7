"""What is asked, accepted, restored and reported; the rounds of questions."""

from contextlib import closing

import pytest

from freecp_d2.apps.describe.checks import Validator
from freecp_d2.apps.describe.collection import Collection, amount, describe, outcome
from freecp_d2.apps.describe.endpoint import Endpoint
from freecp_d2.apps.describe.journal import Entry, Journal, journal_path, read_journal
from freecp_d2.apps.describe.questions import Senses
from freecp_d2.text import Vocabulary

from .server import sentence

ASKED = ("What is a {word}?", "Where is a {word}?")


def collection(*words, senses=None):
    return Collection(words, Validator(), ASKED, 2, senses)


def some(word, count, start=0):
    return [sentence(word, number) for number in range(start, start + count)]


class TestCollection:
    def test_questions(self):
        found = collection("DiningTable", "dining table", "dog").questions()
        assert [(q.word, q.number, q.instruction, q.wanted) for q in found] == [
            (word, i, ASKED[i], 2) for word in ("dining table", "dog") for i in (0, 1)
        ]

    def test_missing_sentences_are_asked_again(self):
        found = collection("cat")
        first, second = found.questions()
        (text,) = some("cat", 1)
        assert found.add(first, [text, text, "No."], "m").sentences == (text,)
        assert [len(question.known) for question in found.questions()] == [1, 0]
        assert found.add(second, some("cat", 3, 5), "m").sentences == tuple(some("cat", 2, 5))
        (again,) = found.questions(1)
        assert (again.number, again.wanted, again.attempt) == (0, 1, 1)
        assert again.known == (text, *some("cat", 2, 5))
        assert (found.num_missing, found.complete()) == (1, {})
        assert found.incomplete() == {"cat": ["fewer than 4 words: 'No.'"]}
        found.add(again, [], "l")
        assert len(found.incomplete()["cat"]) == 2
        found.add(again, some("cat", 1, 9), "n")
        assert found.complete() == {"cat": [text, *some("cat", 1, 9), *some("cat", 2, 5)]}
        assert found.models("cat") == ("m", "n")

    def test_restore(self):
        found = collection("Cat")
        found.restore(
            [
                Entry("cat", ASKED[0], "m", tuple(some("cat", 1))),
                Entry("cat", ASKED[0], "n", tuple(some("cat", 1))),  # twice
                Entry("cat", ASKED[0], "m", tuple(some("cat", 2, 1))),
                Entry("cat", ASKED[0], "n", tuple(some("cat", 2, 5))),  # surplus
                Entry("cat", "Why is a {word}?", "n", tuple(some("cat", 2, 9))),
                Entry("cow", ASKED[0], "n", tuple(some("cow", 2))),
            ]
        )
        assert found.sentences("Cat") == some("cat", 2)
        assert [q.number for q in found.questions()] == [1]
        assert found.models("Cat") == ("m",)

    def test_sentences_of_another_sense_are_not_restored(self):
        vocabulary = Vocabulary("two", (("cat",), ("dog",)))
        found = collection("cat", senses=Senses(vocabulary, "a farm"))
        question = found.questions()[0]
        assert "The photos show: a farm." in question.prompt
        entry = found.add(question, some("cat", 2), "m")
        for context, expected in (("a farm", some("cat", 2)), ("", [])):
            again = collection("cat", senses=Senses(vocabulary, context))
            again.restore([entry])
            assert again.sentences("cat") == expected


class TestDescribe:
    WORDS = ("cat", "dog", "cow", "owl", "bus", "traffic light")

    @pytest.fixture
    def journal(self, tmp_path):
        with closing(Journal(journal_path(tmp_path / "words.json"))) as found:
            yield found

    def test_everything_is_filled_and_nothing_is_asked_twice(self, server, journal, tmp_path):
        server.slow, server.delay = 2.5, 0.05
        server.faults = [
            *("slow", 429, 500, "malformed", "refusal", "cut", ("sentences", 3)),
            *((429, {"Retry-After": "0.1"}), ("sentences", 1), "refusal", 503),
        ]
        found = Collection(self.WORDS, Validator())
        source = Endpoint(server.url, "m", concurrency=4, retries=3, first_wait=0.01, timeout=1.5)
        entries = list(describe(found, source, journal))
        everything = [text for each in found.complete().values() for text in each]
        assert server.served == dict.fromkeys(self.WORDS, 15)
        assert len(set(everything)) == len(everything) == 15 * 6
        assert entries == list(read_journal(journal_path(tmp_path / "words.json")))
        assert sorted(text for entry in entries for text in entry.sentences) == sorted(everything)

    def test_a_rejected_question_is_not_asked_again(self, server, journal):
        server.forbidden, server.delay = {"gun", "knife", "blood"}, 0.1
        found = Collection(["cat", "gun", "knife", "blood", "dog"], Validator())
        list(describe(found, Endpoint(server.url, "m"), journal))
        assert list(found.incomplete()) == ["gun", "knife", "blood"]
        assert len(server.prompts) == 15
        assert outcome(found).count("3 x the server answered 400 Bad Request") == 3
        assert "not now" in outcome(found)  # what the server says


class TestReports:
    def test_amount(self):
        found = Collection(["cat", "dog"], Validator())
        found.add(found.questions()[0], some("cat", 5), "m")
        text = amount(found, 7)
        assert "9 words, 7 of them described already" in text
        assert "5 questions for 25 sentences" in text
        tokens = int(text.split("about ")[1].split()[0])
        assert tokens > 5 * 40
        assert "nothing to ask" in amount(Collection([], Validator()), 2)

    def test_outcome(self):
        found = Collection([f"word {i}" for i in range(30)], Validator())
        for question in found.questions()[: 3 * 25]:
            found.fail(question, "no luck")
        text = outcome(found)
        assert "  'word 0' has 0 of 15 sentences\n    3 x no luck" in text
        for part in ("0 of 30 words", "  and 5 more", "Not in the output: 30 words."):
            assert part in text
        assert outcome(Collection([], Validator())) == ""
