"""What is asked, accepted, restored and reported; the rounds of questions."""

from contextlib import closing

import pytest

from freecp_d2.apps.describe.collection import describe, outcome
from freecp_d2.apps.describe.endpoint import Endpoint
from freecp_d2.apps.describe.journal import Entry, Journal, read_journal

from .server import sentence

ASKED = ("What is a {word}?", "Where is a {word}?")


def some(word, count, start=0):
    return [sentence(word, number) for number in range(start, start + count)]


def test_questions(collect):
    found = collect("DiningTable", "dining table", "dog", instructions=ASKED).questions()
    assert [(q.word, q.number, q.instruction, q.wanted) for q in found] == [
        (word, i, ASKED[i], 5) for word in ("dining table", "dog") for i in (0, 1)
    ]


def test_missing_sentences_are_asked_again(collect):
    found = collect("cat", instructions=ASKED)
    first, second = found.questions()
    three = some("cat", 3)
    assert found.add(first, [*three, three[0], "No."], "m").sentences == tuple(three)
    assert found.add(second, some("cat", 7, 5), "m").sentences == tuple(some("cat", 5, 5))
    (again,) = found.questions(1)
    assert (again.number, again.wanted, again.attempt) == (0, 2, 1)
    assert again.known == (*three, *some("cat", 5, 5))
    assert (found.num_missing, found.complete()) == (2, {})
    found.add(again, [], "l")
    assert found.incomplete() == {
        "cat": ["fewer than 4 words: 'No.'", "no new sentence in the answer"]
    }
    found.add(again, some("cat", 2, 20), "n")
    assert found.complete() == {"cat": [*three, *some("cat", 2, 20), *some("cat", 5, 5)]}
    assert found.models("cat") == ("m", "n")


def test_restore(collect):
    found = collect("Cat", instructions=ASKED)
    found.restore(
        [
            Entry("cat", ASKED[0], "m", tuple(some("cat", 3))),
            Entry("cat", ASKED[0], "n", tuple(some("cat", 1))),  # twice
            Entry("cat", ASKED[0], "m", tuple(some("cat", 3, 2))),
            Entry("cat", ASKED[0], "n", tuple(some("cat", 2, 9))),  # surplus
            Entry("cat", "Why is a {word}?", "n", tuple(some("cat", 2, 20))),
            Entry("cow", ASKED[0], "n", tuple(some("cow", 2))),
            Entry("cat", ASKED[1], "n", tuple(some("cat", 2, 30)), "a farm"),  # another sense
        ]
    )
    assert found.sentences("Cat") == some("cat", 5)
    assert [q.number for q in found.questions()] == [1]
    assert found.models("Cat") == ("m",)


def test_sentences_of_the_same_context_are_restored(collect):
    first, again = (collect("cat", context="a farm") for _ in range(2))
    again.restore([first.add(first.questions()[0], some("cat", 2), "m")])
    assert again.sentences("cat") == some("cat", 2)


@pytest.fixture
def journal(tmp_path):
    with closing(Journal(tmp_path / "journal")) as found:
        yield found


def test_everything_is_filled_and_nothing_is_asked_twice(collect, server, journal):
    words = ("cat", "dog", "cow", "owl", "bus", "traffic light")
    server.slow, server.delay = 2.5, 0.05
    server.faults = [
        *("slow", 429, 500, "malformed", "refusal", "cut", ("sentences", 3)),
        *((429, {"Retry-After": "0.1"}), ("sentences", 1), "refusal", 503),
    ]
    found = collect(*words)
    source = Endpoint(server.url, "m", concurrency=4, retries=3, first_wait=0.01, timeout=1.5)
    entries = list(describe(found, source, journal))
    everything = [text for each in found.complete().values() for text in each]
    assert server.served == dict.fromkeys(words, 15)
    assert len(set(everything)) == len(everything) == 15 * 6
    assert entries == list(read_journal(journal.path))
    assert sorted(text for entry in entries for text in entry.sentences) == sorted(everything)


def test_a_rejected_question_is_not_asked_again(collect, server, journal):
    """Nor does it stop the run, if all are rejected."""
    server.forbidden = {"gun", "knife", "blood"}
    found = collect("gun", "knife", "blood", "dog")
    list(describe(found, Endpoint(server.url, "m", concurrency=1), journal))
    assert list(found.incomplete()) == ["gun", "knife", "blood"]
    assert len(server.prompts) == 12
    assert outcome(found).count("3 x the server answered 400 Bad Request") == 3
    assert "not now" in outcome(found)  # what the server says


def test_outcome(collect):
    found = collect(*(f"word {i}" for i in range(30)))
    for question in found.questions()[: 3 * 25]:
        found.fail(question, "no luck")
    text = outcome(found)
    assert "  'word 0' has 0 of 15 sentences\n    3 x no luck" in text
    for part in ("0 of 30 words", "  and 5 more", "Not in the output: 30 words."):
        assert part in text
