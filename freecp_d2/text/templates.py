"""
Prompt templates: sentences with one `{}` for the word that CLIP encodes (Sec. 4.2).

`resources/templates/imagenet.txt` has the 80 templates of CLIP's ImageNet evaluation (source and
licence: see that file).
"""

from collections.abc import Sequence
from pathlib import Path

SIMPLE = ("a photo of a {}.",)
TEMPLATE_SETS = ("imagenet", "simple")
_IMAGENET = Path(__file__).resolve().parent / "resources" / "templates" / "imagenet.txt"


def get_templates(name: str) -> tuple[str, ...]:
    """The templates of a set, "imagenet" or "simple"; ValueError for another name."""
    if name == "simple":
        return SIMPLE
    if name == "imagenet":
        lines = _IMAGENET.read_text(encoding="utf-8").splitlines()
        return tuple(line for line in lines if not line.startswith("#"))
    raise ValueError(
        f"got templates {name!r}, expected one of {', '.join(TEMPLATE_SETS)}; use one of those."
    )


def fill_templates(templates: Sequence[str], word: str) -> tuple[str, ...]:
    """
    Put a word into every template.

    Raises:
        ValueError: no templates, a bare string, or a template in which `{}` does not appear once.
    """
    if isinstance(templates, str) or not templates:
        raise ValueError(
            f"got templates {templates!r}, expected a non-empty sequence of strings; "
            'use get_templates("imagenet") or ("a photo of a {}.",).'
        )
    for template in templates:
        if template.count("{}") != 1:
            raise ValueError(
                f"got the template {template!r}, expected one {{}} where the word goes; add it."
            )
    return tuple(template.replace("{}", word) for template in templates)
