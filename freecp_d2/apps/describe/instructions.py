"""
The three instructions, five answers each (Sec. 4.2), and the text of a question.

The paper's own instructions are in a supplement that is not public; these, which are
those of the shipped descriptions, ask for what CLIP can see.
"""

from dataclasses import dataclass
from pathlib import Path

from ...text.spelling import take_apart

__all__ = ["INSTRUCTIONS", "NUM_ANSWERS", "Question", "read_instructions", "readable"]

INSTRUCTIONS = (
    "Describe the shape and the parts of a {word} as they are visible in a photo.",
    "Describe the colours, materials and textures by which a {word} is recognised in a photo.",
    "Describe where a {word} is usually seen, and what tells it from what it is easily confused "
    "with.",
)
NUM_ANSWERS = 5
"""Sentences for each instruction."""

_QUESTION = (
    "{instruction}{sense}\n\n"
    "Write {num}, in English, each of at most 30 words, one on each line. Every sentence is about "
    "what can be seen, stands alone, names the {word}, and says something that no other does. "
    "Other things are only its surroundings, or what it differs from. No introduction, no list "
    "numbers, no markdown."
)
_KNOWN = "These are already written; say something else:"


@dataclass(frozen=True)
class Question:
    """
    What a source of answers is asked for.

    Attributes:
        word: of the vocabulary.
        number: of the instruction, from 0.
        instruction: the template, with `{word}`.
        wanted: how many sentences are missing.
        known: sentences that are not to be said again.
        attempt: how often this was asked before.
        sense: what is meant by the word; "" leaves it to the reader.
        said: of it by the user.
    """

    word: str
    number: int
    instruction: str
    wanted: int
    known: tuple[str, ...] = ()
    attempt: int = 0
    sense: str = ""
    said: str = ""

    @property
    def prompt(self) -> str:
        """The text for a language model."""
        word = readable(self.word)
        text = _QUESTION.format(
            instruction=self.instruction.replace("{word}", word),
            sense=f"\n\n{self.sense}" if self.sense else "",
            num="one sentence" if self.wanted == 1 else f"{self.wanted} different sentences",
            word=word,
        )
        if self.known:
            text += "\n\n" + "\n".join([_KNOWN, *self.known])
        return text


def readable(word: str) -> str:
    """A word as a person would write it: "dining table" for "diningtable", "floor wood"."""
    return " ".join(take_apart(word).removesuffix("-other").replace("-", " ").split()) or word


def read_instructions(path: str | Path) -> tuple[str, ...]:
    """
    Reads instructions of your own: UTF-8 text, one a line, each with `{word}`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is empty, not UTF-8, or a line does not say where the word goes.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"No file of instructions {path}; correct the path.")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected UTF-8, got: {error}; save it as UTF-8.") from error
    found = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
    for line in found:
        if "{word}" not in line:
            raise ValueError(
                f"{path}: got {line!r}, expected {{word}} where the word goes; add it."
            )
    if not found:
        raise ValueError(f"{path}: got no instruction, expected one a line; write some.")
    return found
