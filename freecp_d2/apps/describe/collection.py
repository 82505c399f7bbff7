"""The sentences of each word and instruction, the rounds of questions, and reports on them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from ...text.descriptions import description_key
from ..words.lookup import prompt_length
from .answers import split_answer
from .checks import Validator
from .journal import Entry, Journal
from .questions import INSTRUCTIONS, NUM_ANSWERS, Question, Senses, Unanswered

_TOKENS_A_SENTENCE = 30
_MOST_NAMED, _MOST_REASONS = 20, 3


class Source(Protocol):
    """Answers questions; `model` and `origin` are for the provenance."""

    model: str
    origin: str

    def answers(self, questions: Sequence[Question]) -> Iterator[tuple[Question, str | Unanswered]]:
        """Yield answers in any order; OSError or ImportError ends the run."""


class Collection:
    """
    Sentences by word and instruction; words that differ only in case or white space count once.

    Without `senses`, the prompts say nothing about the sense.
    """

    def __init__(
        self,
        words: Iterable[str],
        validator: Validator,
        instructions: Sequence[str] = INSTRUCTIONS,
        num_answers: int = NUM_ANSWERS,
        senses: Senses | None = None,
    ) -> None:
        self._by_key = {description_key(word): word for word in words}
        self.words = tuple(self._by_key.values())
        self._validator, self._num_answers = validator, num_answers
        self._instructions = tuple(instructions)
        self.num_sentences = len(self._instructions) * num_answers  # of a word
        self._senses = {word: senses[word] if senses else ("", "") for word in self.words}
        self._models: dict[str, dict[str, None]] = {word: {} for word in self.words}
        self._problems: dict[str, list[str]] = {word: [] for word in self.words}
        self._found: dict[str, list[list[str]]] = {
            word: [[] for _ in instructions] for word in self.words
        }

    @property
    def num_missing(self) -> int:
        """Sentences that all words lack."""
        return sum(self.num_sentences - len(self.sentences(word)) for word in self.words)

    def sentences(self, word: str) -> list[str]:
        """The word's sentences, in the order of the instructions."""
        return [sentence for found in self._found[word] for sentence in found]

    def models(self, word: str) -> tuple[str, ...]:
        """The models that wrote the word's sentences."""
        return tuple(self._models[word])

    def complete(self) -> dict[str, list[str]]:
        """Word -> its sentences, for the words that lack none."""
        found = {word: self.sentences(word) for word in self.words}
        return {word: each for word, each in found.items() if len(each) == self.num_sentences}

    def incomplete(self) -> dict[str, list[str]]:
        """Word -> its problems in order, for the words that lack sentences."""
        complete = self.complete()
        return {word: self._problems[word] for word in self.words if word not in complete}

    def questions(self, attempt: int = 0) -> list[Question]:
        """Questions for what is missing; repeated ones list the sentences that are known."""
        return [
            Question(
                word,
                number,
                self._instructions[number],
                wanted=self._num_answers - len(found),
                known=tuple(self.sentences(word)) if attempt or found else (),
                attempt=attempt,
                sense=self._senses[word][0],
            )
            for word in self.words
            for number, found in enumerate(self._found[word])
            if len(found) < self._num_answers
        ]

    def add(self, question: Question, sentences: Iterable[str], model: str) -> Entry:
        """Accept the sentences that are valid, new and still missing; returns them."""
        word, found = question.word, self._found[question.word][question.number]
        problems, num_before = [], len(found)
        for sentence in sentences:
            known = self.sentences(word)
            if sentence in known or len(found) == self._num_answers:
                continue
            problem = self._validator.problem(word, sentence, known)
            if problem:
                problems.append(f"{problem}: {sentence!r}")
            else:
                found.append(sentence)
        accepted = tuple(found[num_before:])
        self._models[word] |= {model: None} if accepted else {}
        if not accepted and not problems and len(found) < self._num_answers:
            problems.append("no new sentence in the answer")
        self._problems[word] += problems
        return Entry(word, question.instruction, model, accepted, self._senses[word][1])

    def fail(self, question: Question, reason: str) -> None:
        """Record why a question has no answer."""
        self._problems[question.word].append(reason)

    def restore(self, entries: Iterable[Entry]) -> None:
        """Take the sentences that a journal has for these words, instructions and senses."""
        for entry in entries:
            word = self._by_key.get(description_key(entry.word))
            if word is None or entry.instruction not in self._instructions:
                continue
            if entry.sense != self._senses[word][1]:
                continue
            found = self._found[word][self._instructions.index(entry.instruction)]
            new = [each for each in entry.sentences if each not in self.sentences(word)]
            found += new[: self._num_answers - len(found)]
            self._models[word] |= {entry.model: None} if set(new) & set(found) else {}


def describe(
    collection: Collection, source: Source, journal: Journal, attempts: int = 4
) -> Iterator[Entry]:
    """
    Ask for the missing sentences in rounds, but not again what failed for good.

    An accepted answer is yielded when it is in the journal, so an error of the source loses none.
    """
    given_up: set[tuple[str, int]] = set()
    for attempt in range(attempts):
        questions = collection.questions(attempt)
        questions = [each for each in questions if (each.word, each.number) not in given_up]
        if not questions:
            return
        for question, answer in source.answers(questions):
            if isinstance(answer, Unanswered):
                collection.fail(question, answer.reason)
                given_up |= {(question.word, question.number)} if answer.is_final else set()
                continue
            entry = collection.add(question, split_answer(answer), source.model)
            if entry.sentences:
                journal.write(entry)
                yield entry


def amount(collection: Collection, num_described: int) -> str:
    """The questions of a run, with CLIP's count of their tokens and an estimate of the answers'."""
    if not collection.words:
        return f"All {num_described} words are described already; there is nothing to ask."
    questions, missing = collection.questions(), collection.num_missing
    there = sum(prompt_length(question.prompt) for question in questions)
    return (
        f"{len(collection.words) + num_described} words, {num_described} of them described already."
        f"\nTo ask: {len(questions)} questions for {missing} sentences, about {there} tokens there "
        f"and {_TOKENS_A_SENTENCE * missing} back."
    )


def outcome(collection: Collection) -> str:
    """How many words are complete, and what the others lack; "" if there are no words."""
    if not collection.words:
        return ""
    incomplete = collection.incomplete()
    lines = [f"Described now: {len(collection.complete())} of {len(collection.words)} words."]
    tried = [word for word, each in incomplete.items() if each or collection.sentences(word)]
    for word in tried[:_MOST_NAMED]:
        count = len(collection.sentences(word))
        lines.append(f"  {word[:40]!r} has {count} of {collection.num_sentences} sentences")
        reasons = Counter(problem[:100] for problem in incomplete[word])
        lines += [f"    {n} x {reason}" for reason, n in reasons.most_common(_MOST_REASONS)]
    if len(tried) > _MOST_NAMED:
        lines.append(f"  and {len(tried) - _MOST_NAMED} more")
    if incomplete:
        lines.append(
            f"Not in the output: {len(incomplete)} words. Their sentences are in the journal; "
            "the same command resumes, also with more --attempts or another model."
        )
    return "\n".join(lines)
