"""What is asked, what is accepted, what a journal brings back."""

from freecp_d2.apps.describe import Collection, Entry, Senses, Validator
from freecp_d2.text import Vocabulary

from .server import sentence

ASKED = ("What is a {word}?", "Where is a {word}?")


def collection(*words):
    return Collection(words, Validator(), ASKED, 2)


def some(word, count, start=0):
    return [sentence(word, number) for number in range(start, start + count)]


def test_words_that_share_their_letters_are_one():
    assert collection("dining table", "DiningTable", "dog").words == ("dining table", "dog")


def test_questions():
    found = collection("cat", "dog").questions()
    assert [(q.word, q.number, q.instruction, q.wanted) for q in found] == [
        (word, i, ASKED[i], 2) for word in ("cat", "dog") for i in (0, 1)
    ]


def test_what_is_missing_is_asked_again():
    found = collection("cat")
    first, second = found.questions()
    (text,) = some("cat", 1)
    entry = found.add(first, [text, text, "No."], "m")
    assert entry.sentences == (text,)
    assert [problem for _, problem in entry.rejected] == ["there already", "fewer than 4 words"]
    found.add(second, some("cat", 2, 5), "m")
    (again,) = found.questions(1)
    assert (again.number, again.wanted, again.attempt) == (0, 1, 1)
    assert text in again.known
    assert found.num_missing == 1
    assert found.complete() == {}
    assert len(found.incomplete()["cat"]) == 2


def test_what_is_known_is_told_only_of_a_part():
    found = collection("cat")
    first, second = found.questions()
    assert first.known == second.known == ()
    found.add(first, some("cat", 1), "m")
    assert [len(question.known) for question in found.questions()] == [1, 0]
    assert [len(question.known) for question in found.questions(1)] == [1, 1]


def test_senses_are_in_questions_and_entries():
    senses = Senses(Vocabulary("two", (("cat",), ("dog",))), meanings={"cat": "a pet"})
    found = Collection(["cat", "dog"], Validator(), ASKED, 2, senses)
    cat, _, dog, _ = found.questions()
    assert 'Here "cat" means: a pet.' in cat.prompt
    assert "among the classes cat:" in dog.prompt
    assert found.add(cat, some("cat", 1), "m").sense == "a pet"
    assert found.add(dog, some("dog", 1), "m").sense == ""
    again = Collection(["cat", "dog"], Validator(), ASKED, 2)
    entries = [Entry(word, ASKED[0], "m", tuple(some(word, 2)), "a pet") for word in ("cat", "dog")]
    assert again.restore(entries) == 0  # meant otherwise
    assert Collection(["cat", "dog"], Validator(), ASKED, 2, senses).restore(entries) == 2


def test_more_than_enough_is_neither_accepted_nor_rejected():
    found = collection("cat")
    entry = found.add(found.questions()[0], some("cat", 3), "m")
    assert (len(entry.sentences), entry.rejected) == (2, ())


def test_sentences_are_in_the_order_of_the_instructions():
    found = collection("cat")
    first, second = found.questions()
    found.add(second, some("cat", 2, 5), "m")
    found.add(first, some("cat", 2), "n")
    assert found.complete() == {"cat": some("cat", 2) + some("cat", 2, 5)}
    assert found.models("cat") == ("m", "n")
    assert found.incomplete() == {}


def test_an_empty_answer_is_a_reason():
    found = collection("cat")
    found.add(found.questions()[0], [], "m")
    assert found.incomplete() == {"cat": ["an empty answer"]}
    assert not found.models("cat")


class TestRestore:
    def test_what_is_asked_now(self):
        found = collection("Cat")
        entries = [
            Entry("cat", ASKED[0], "m", tuple(some("cat", 2))),
            Entry("cat", ASKED[0], "n", tuple(some("cat", 2, 5))),  # too many
            Entry("cat", "Why is a {word}?", "n", tuple(some("cat", 2, 9))),
            Entry("cow", ASKED[0], "n", tuple(some("cow", 2))),
        ]
        assert found.restore(entries) == 2
        assert [q.number for q in found.questions()] == [1]
        assert found.models("Cat") == ("m",)

    def test_a_sentence_twice(self):
        found = collection("cat")
        entry = Entry("cat", ASKED[0], "m", tuple(some("cat", 1)))
        assert found.restore([entry, entry]) == 1
