"""
Prompt templates: the sentences a word is put into before CLIP reads it (Sec. 4.2).

A template is a plain string with one `{}` for the word, so that it can be printed, compared and
hashed.
"""

from collections.abc import Sequence

__all__ = ["SIMPLE", "TEMPLATE_SETS", "fill_templates", "get_templates"]

SIMPLE = ("a photo of a {}.",)
TEMPLATE_SETS = ("imagenet", "simple")


def get_templates(name: str) -> tuple[str, ...]:
    """
    Returns a set of templates by the name the config uses.

    Args:
        name: "imagenet", the 80 templates CLIP was evaluated with on ImageNet, taken from the
            open_clip library; or "simple", the single "a photo of a {}.".

    Raises:
        ValueError: no such set.
    """
    if name == "simple":
        return SIMPLE
    if name == "imagenet":
        import open_clip  # seconds to import, and only needed here

        return tuple(template("{}") for template in open_clip.OPENAI_IMAGENET_TEMPLATES)
    raise ValueError(
        f"got templates {name!r}, expected one of {', '.join(TEMPLATE_SETS)}; use one of those."
    )


def fill_templates(templates: Sequence[str], word: str) -> tuple[str, ...]:
    """
    Puts a word into every template.

    Raises:
        ValueError: no templates, a bare string instead of a sequence, or a template in which `{}`
            does not appear exactly once.
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
