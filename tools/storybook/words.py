"""
Write the word lists and descriptions of Storybook from its classes.

    python tools/storybook/words.py

It writes `freecp_d2/text/resources/vocabularies/storybook.txt`, `storybook_wide.txt` and
`freecp_d2/text/resources/descriptions/storybook.json`.
"""

import freecp

if __name__ == "__main__":
    freecp.exit_on_interrupt()  # while torch is imported

import json
from pathlib import Path

from freecp_d2.data.storybook.classes import CLASSES, NEIGHBOURS, SCORED

DATA = Path(__file__).resolve().parents[2] / "freecp_d2" / "text" / "resources"

INSTRUCTIONS = (
    "a photo of {a_name}, {look}.",
    "a picture of the {name}, {look}.",
    "{look}, {a_name}.",
)
"""Sentences for a look, as in captions; 3 sentences x 5 looks are 15 descriptions."""


def main() -> None:
    scored = [c.name for c in SCORED]
    absent = [c.name for c in CLASSES if not c.scored]
    write_words("storybook", "The classes of the picture book, one a line.", scored)
    write_words(
        "storybook_wide",
        "The classes of the picture book first; then classes that are in no scored page; then\n"
        "# their synonyms and wider words. The model was trained on all of them.",
        scored + absent + list(NEIGHBOURS),
    )
    looks = {c.name: c.looks for c in CLASSES} | NEIGHBOURS
    content = {
        "source": "looks of freecp_d2/data/storybook/classes.yaml in the instructions below",
        "instructions": list(INSTRUCTIONS),
        "descriptions": {
            name: [
                form.format(name=name, a_name=with_article(name), look=look)
                for form in INSTRUCTIONS
                for look in seen
            ]
            for name, seen in looks.items()
        },
    }
    path = DATA / "descriptions" / "storybook.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"{len(scored)} classes, {len(scored) + len(absent) + len(NEIGHBOURS)} words")


def with_article(name: str) -> str:
    """For example "a cow", "an animal"."""
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def write_words(name: str, comment: str, words: list[str]) -> None:
    """Write one word a line, after a comment."""
    path = DATA / "vocabularies" / f"{name}.txt"
    path.write_text(f"# {comment}\n" + "\n".join(words) + "\n", encoding="utf-8")


if __name__ == "__main__":
    freecp.call(main)
