"""
Prompts for a language model: three instructions, five answers each (Sec. 4.2).

The paper's instructions are in a supplement that is not public; these are those of the shipped
descriptions. The classes beside a word, or `--context`, tell its sense (a crane is a machine or a
bird).
"""

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
    The names and senses of a vocabulary's words.

    A sense is told by the classes around a word, or by what the user says that the images show
    (`context`). Other names of a word are the synonyms of its class and the benchmark's own name
    ("toy" for ADE20K's "plaything").
    """

    def __init__(self, vocabulary: Vocabulary, context: str = "") -> None:
        self.stated = " ".join(context.split())
        self._classes = tuple(map(readable, vocabulary.class_names))
        self._class_of: dict[str, int] = {}
        self._names: dict[str, dict[str, None]] = {}
        pairs = zip(vocabulary.classes, class_senses(vocabulary), strict=True)
        for k, (words, sense) in enumerate(pairs):
            names = [*map(readable, words), *filter(None, map(str.strip, sense.split(",")))]
            for word in words:
                key = description_key(word)
                self._class_of[key] = k
                self._names.setdefault(key, {readable(word): None}).update(dict.fromkeys(names))
        listed = ", ".join(self._classes[:_MOST_LISTED])
        listed += ", ..." * (len(self._classes) > _MOST_LISTED)
        self.context = self.stated or f"classes of {vocabulary.name}: {listed}"

    def names(self, word: str) -> tuple[str, ...]:
        """All names of the word's class, the word itself first."""
        return tuple(self._names[description_key(word)])

    def told(self, word: str) -> str:
        """What a model is told about a word's sense."""
        name, *others = self.names(word)
        parts = []
        if others:
            parts.append(f"The {name} is also called {', '.join(others[:_MOST_NAMES])}.")
        if self.stated:
            parts.append(f"The photos show: {self.stated.rstrip('.')}.")
        elif neighbours := self._neighbours(self._class_of[description_key(word)]):
            parts.append(
                f"It stands among the classes {', '.join(neighbours)}: write of what "
                f'"{name}" means beside them.'
            )
        return " ".join(parts)

    def _neighbours(self, k: int) -> list[str]:
        """The classes before and after class k."""
        others = [name for name in self._classes if name != self._classes[k]]
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
