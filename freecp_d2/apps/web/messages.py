"""What the page says, in a person's words: what went wrong, what to do next, what to expect."""

from ...visualization.html.markup import Markup, element, join

__all__ = ["Problem", "embedded_notice", "invitation", "problem_message"]

_OPENAI_COMMAND = (
    "python demo/web.py --config-file configs/ade20k/sclip_freecp.yaml "
    "--opts MODEL.CLIP.PRETRAINED /path/ViT-B-16.pt"
)


class Problem(ValueError):  # noqa: N818 - to a visitor it is no error of the program
    """Something a visitor can mend; its text is shown on the page as it is."""


def problem_message(problem: Problem) -> Markup:
    """Where the images would be; read out by screen readers at once."""
    return element("p", str(problem), class_="message problem", role="alert")


def invitation() -> Markup:
    """While there is no image."""
    text = "Choose an image: a file, the camera, or one of the drawn pages."
    return element("p", text, class_="message", role="status")


def embedded_notice(is_embedded: bool) -> Markup:
    """
    Args:
        is_embedded: the weights are those that come with the package.

    Returns:
        Markup: what can be expected of them and how to start with others; nothing of other weights.
    """
    if not is_embedded:
        return Markup()
    # Parts that are not broken at their hyphens.
    command = join([element("span", part) for part in _OPENAI_COMMAND.split()], " ")
    return element(
        "p",
        element("b", "These weights know drawn pages only."),
        " They come with the package and were trained on pages like those below; labels of "
        "photographs will be wrong. With OpenAI's file: ",
        element("code", command),
        class_="notice",
    )
