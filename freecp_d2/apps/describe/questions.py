"""
Prompts for a language model: three instructions, five answers each (Sec. 4.2).

The paper's instructions are in a supplement that is not public; these are those of the shipped
descriptions. The classes beside a word, or `--context`, tell its sense (a crane is a machine or a
bird).

The names of a class are its words in singular and plural, one word of several ("screen" for "crt
screen"), glued or separate words ("book shelf"), and the benchmark's own name ("toy" for ADE20K's
"plaything").
"""

import re
from dataclasses import dataclass
from pathlib import Path

from ...text import Vocabulary
from ...text.descriptions import description_key
from ...text.names_and_colors import take_apart
from ...utils.files import read_text
from ..words.lookup import class_senses

INSTRUCTIONS = (
    "Describe the shape and the parts of a {word} as they are visible in a photo.",
    "Describe the colours, materials and textures by which a {word} is recognised in a photo.",
    "Describe where a {word} is usually seen, and what tells it from what it is easily confused "
    "with.",
)
NUM_ANSWERS = 5  # sentences for each instruction
VICUNA = "lmsys/vicuna-13b-v1.5"
"""The paper's model (Sec. 4.2)."""

_PROMPT = (
    "{instruction}{sense}\n\n"
    "Write {num}, in English, each of at most 30 words, one on each line. Every sentence is about "
    "what can be seen, stands alone, names the {word}, and says something that no other does. "
    "Other things are only its surroundings, or what it differs from. No introduction, no list "
    "numbers, no markdown."
)
_KNOWN = "These are already written; say something else:"
_MOST_NAMES, _MOST_NEIGHBOURS, _MOST_LISTED = 3, 12, 30

_TOKEN = re.compile(r"[a-z0-9]+")

_FUNCTION_WORDS = {
    "a", "an", "and", "at", "by", "for", "from", "in", "is", "of", "on", "or", "other", "the", "to",
    "with",
}  # fmt: skip

_IRREGULAR = {
    "people": "person", "men": "man", "women": "woman", "children": "child", "mice": "mouse",
    "feet": "foot", "teeth": "tooth", "geese": "goose", "persons": "person",
}  # fmt: skip


class Naming:
    """The names of a vocabulary's classes; without one, a word has only its own name."""

    def __init__(self, vocabulary: Vocabulary | None = None) -> None:
        classes = vocabulary.classes if vocabulary else ()
        senses = class_senses(vocabulary) if vocabulary else ()
        self._names: dict[str, dict[str, None]] = {}
        for words, sense in zip(classes, senses, strict=True):
            names = [*map(readable, words), *filter(None, map(str.strip, sense.split(",")))]
            for word in words:
                key = description_key(word)
                self._names.setdefault(key, {readable(word): None}).update(dict.fromkeys(names))

    def names(self, word: str) -> tuple[str, ...]:
        """All names of the word's class, the word itself first."""
        return tuple(self._names.get(description_key(word), {readable(word): None}))

    def is_named(self, word: str, sentence: str) -> bool:
        """Whether a sentence names the word; true for a word without English letters."""
        names, tokens = list(map(tokens_of, self.names(word))), tokens_of(sentence)
        wanted = {_stem(token) for name in names for token in name if token not in _FUNCTION_WORDS}
        if not wanted or wanted & set(map(_stem, tokens)):
            return True
        glued = {_stem("".join(name)) for name in names}
        spans = (tokens[i : i + n] for n in (1, 2, 3) for i in range(len(tokens)))
        return any(_stem("".join(span)) in glued for span in spans)


@dataclass(frozen=True)
class Question:
    """A request for sentences about a word."""

    word: str
    number: int  # index of the instruction
    instruction: str  # template with `{word}`
    wanted: int  # number of sentences that are missing
    known: tuple[str, ...] = ()  # sentences that must not be repeated
    attempt: int = 0  # how often this was asked before
    sense: str = ""  # what the model is told about the word's sense

    @property
    def prompt(self) -> str:
        """The text for a language model."""
        word = readable(self.word)
        text = _PROMPT.format(
            instruction=self.instruction.replace("{word}", word),
            sense=f"\n\n{self.sense}" if self.sense else "",
            num="one sentence" if self.wanted == 1 else f"{self.wanted} different sentences",
            word=word,
        )
        return text + ("\n\n" + "\n".join([_KNOWN, *self.known]) if self.known else "")


@dataclass(frozen=True)
class Unanswered:
    """Why a question has no answer; if it `is_final`, asking again does not help."""

    reason: str
    is_final: bool = False


class Senses:
    """
    The senses of a vocabulary's words, told by the classes around a word, or by what the user says
    that the images show (`context`).
    """

    def __init__(self, vocabulary: Vocabulary, context: str = "") -> None:
        self._context, self._naming = " ".join(context.split()), Naming(vocabulary)
        self._names = tuple(map(readable, vocabulary.class_names))
        self._class = {description_key(w): k for k, ws in enumerate(vocabulary.classes) for w in ws}
        listed = ", ".join(self._names[:_MOST_LISTED]) + ", ..." * (len(self._names) > _MOST_LISTED)
        self.context = self._context or f"classes of {vocabulary.name}: {listed}"

    def __getitem__(self, word: str) -> tuple[str, str]:
        """What a model is told about a word's sense, and the user's part of it."""
        name, *others = self._naming.names(word)
        parts = []
        if others:
            parts.append(f"The {name} is also called {', '.join(others[:_MOST_NAMES])}.")
        if self._context:
            parts.append(f"The photos show: {self._context.rstrip('.')}.")
        elif neighbours := self._neighbours(description_key(word)):
            parts.append(
                f"It stands among the classes {', '.join(neighbours)}: write of what "
                f'"{name}" means beside them.'
            )
        return " ".join(parts), self._context

    def _neighbours(self, key: str) -> list[str]:
        """The classes before and after a word's class."""
        k = self._class[key]
        others = [name for name in self._names if name != self._names[k]]
        start = max(0, min(k - _MOST_NEIGHBOURS // 2, len(others) - _MOST_NEIGHBOURS))
        return others[start : start + _MOST_NEIGHBOURS]


def read_instructions(path: Path) -> tuple[str, ...]:
    """Read instructions: UTF-8 text, one a line, each with `{word}`; ValueError if it is not."""
    lines = map(str.strip, read_text(path.expanduser()).splitlines())
    found = tuple(dict.fromkeys(filter(None, lines)))
    for line in found or ("no line",):
        if "{word}" not in line:
            raise ValueError(f"{path}: got {line!r}, expected an instruction with {{word}}.")
    return found


def readable(word: str) -> str:
    """A word as a person writes it: "dining table" for "diningtable", "floor wood"."""
    return " ".join(take_apart(word).removesuffix("-other").replace("-", " ").split()) or word


def tokens_of(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return _TOKEN.findall(text.lower())


def _stem(token: str) -> str:
    """The same for "shelves" and "shelf", "cities" and "city"."""
    token = _IRREGULAR.get(token, token)
    if len(token) > 3 and token.endswith("s") and not token.endswith(("ss", "us", "is")):
        token = token[:-1]
    stem = token.rstrip("eyi")
    return re.sub("v$", "f", stem) if len(stem) > 1 else token
