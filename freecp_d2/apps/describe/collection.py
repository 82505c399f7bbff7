"""What each word has and lacks: so many sentences for each instruction."""

from collections.abc import Iterable, Sequence

from ...text.descriptions import description_key
from .instructions import INSTRUCTIONS, NUM_ANSWERS, Question
from .journal import Entry
from .senses import Sense, Senses
from .validation import Validator

__all__ = ["Collection"]


class Collection:
    """
    Sentences by word and instruction.

    Attributes:
        words: that are to be described, each once.
    """

    def __init__(
        self,
        words: Iterable[str],
        validator: Validator,
        instructions: Sequence[str] = INSTRUCTIONS,
        num_answers: int = NUM_ANSWERS,
        senses: Senses | None = None,
    ) -> None:
        """
        Args:
            words: words that differ only in case or white space are one.
            validator: decides what is accepted.
            instructions: templates, each with `{word}`.
            num_answers: sentences for each of them.
            senses: of the words; None: nothing is said of them.
        """
        self._by_key: dict[str, str] = {}
        for word in words:
            self._by_key.setdefault(description_key(word), word)
        self.words = tuple(self._by_key.values())
        self._models: dict[str, dict[str, None]] = {word: {} for word in self.words}
        self._senses = {word: senses[word] if senses else Sense() for word in self.words}
        self._validator = validator
        self._instructions, self._num_answers = tuple(instructions), num_answers
        self._found: dict[str, list[list[str]]] = {
            w: [[] for _ in instructions] for w in self.words
        }
        self._problems: dict[str, list[str]] = {word: [] for word in self.words}

    @property
    def num_sentences(self) -> int:
        """That a word needs."""
        return len(self._instructions) * self._num_answers

    @property
    def num_missing(self) -> int:
        """Sentences that all words lack together."""
        return sum(self.num_sentences - len(self.sentences(word)) for word in self.words)

    def sentences(self, word: str) -> list[str]:
        """That the word has, those of the first instruction first."""
        return [sentence for found in self._found[word] for sentence in found]

    def questions(self, attempt: int = 0) -> list[Question]:
        """What is to be asked, word by word; again only with what is there already."""
        return [
            self._question(word, number, attempt)
            for word in self.words
            for number in range(len(self._instructions))
            if len(self._found[word][number]) < self._num_answers
        ]

    def _question(self, word: str, number: int, attempt: int) -> Question:
        found = self._found[word][number]
        return Question(
            word,
            number,
            self._instructions[number],
            wanted=self._num_answers - len(found),
            known=tuple(self.sentences(word)) if attempt or found else (),
            attempt=attempt,
            sense=self._senses[word].told,
            said=self._senses[word].said,
        )

    def add(self, question: Question, sentences: Iterable[str], model: str) -> Entry:
        """
        Accept what is valid and still missing.

        Returns:
            Entry: what was accepted and rejected; sentences that are too many are neither.
        """
        accepted: list[str] = []
        rejected: list[tuple[str, str]] = []
        found = self._found[question.word][question.number]
        for sentence in sentences:
            if len(found) == self._num_answers:
                break
            problem = self._validator.problem(
                question.word, sentence, self.sentences(question.word)
            )
            if problem:
                rejected.append((sentence, problem))
            else:
                found.append(sentence)
                accepted.append(sentence)
        self._models[question.word] |= {model: None} if accepted else {}
        self._problems[question.word] += [f"{problem}: {text!r}" for text, problem in rejected]
        if not accepted and not rejected and len(found) < self._num_answers:
            self.fail(question, "an empty answer")
        return Entry(
            question.word,
            question.instruction,
            model,
            tuple(accepted),
            sense=question.said,
            rejected=tuple(rejected),
        )

    def fail(self, question: Question, reason: str) -> None:
        """Note that there is no answer."""
        self._problems[question.word].append(reason)

    def restore(self, entries: Iterable[Entry]) -> int:
        """
        Take what a journal has of these words, instructions and senses.

        Returns:
            int: how many sentences that is.
        """
        before = self.num_missing
        for entry in entries:
            word = self._by_key.get(description_key(entry.word))
            if word is None or entry.instruction not in self._instructions:
                continue
            if entry.sense != self._senses[word].said:
                continue
            found = self._found[word][self._instructions.index(entry.instruction)]
            new = [each for each in entry.sentences if each not in self.sentences(word)]
            new = new[: self._num_answers - len(found)]
            found += new
            self._models[word] |= {entry.model: None} if new else {}
        return before - self.num_missing

    def models(self, word: str) -> tuple[str, ...]:
        """Who wrote the word's sentences, in the order of their first answers."""
        return tuple(self._models[word])

    def complete(self) -> dict[str, list[str]]:
        """Word -> its sentences, of the words that lack none."""
        found = {word: self.sentences(word) for word in self.words}
        return {word: each for word, each in found.items() if len(each) == self.num_sentences}

    def incomplete(self) -> dict[str, list[str]]:
        """Word -> what went wrong, in order, of the words that lack some."""
        complete = self.complete()
        return {word: self._problems[word] for word in self.words if word not in complete}
