"""What the page of `make quickstart` says about Storybook."""

from collections.abc import Mapping, Sequence

from ...visualization.html.records import Gallery, Note, Page, Results

_LEAD = (
    "FreeCP labels every pixel of an image with words of your choice, by a CLIP that was never "
    "taught to. Given many words it first throws out those that are not in the image, then "
    "lets the words that claim the same place compete for it. Nothing is trained for that.",
    "Here it works on Storybook, a picture book whose pages are drawn by a program, so that the "
    "right word of every pixel is known, with a tiny CLIP that learned from such pages.",
)

_LIMITS = Note(
    "What this shows, and what it does not",
    (
        "Every step of the method runs as it does with real weights: the same code, the same "
        "equations, only a smaller network and other images. So the page shows what each step "
        "does, word by word and region by region.",
        "It is no evidence about photographs. The drawings are simple, the network is far "
        "smaller than those in use and saw nothing else, and no number here can be compared with "
        "one of the paper, whose claims rest on real weights and real benchmarks.",
    ),
)


def storybook_page(
    results: Results, gallery: Gallery, weights: Sequence[str], facts: Mapping[str, str]
) -> Page:
    """
    Args:
        results: of the ablation on Storybook.
        gallery: some of its pages.
        weights: how the CLIP was made, in paragraphs.
        facts: lines of the foot: command, date, version, thresholds.
    """
    return Page(
        kicker="FreeCP on Storybook",
        title="First the words, then the pixels",
        lead=_LEAD,
        gallery=gallery,
        results=results,
        notes=(_LIMITS, Note("How the weights were made", tuple(weights))),
        facts=tuple(facts.items()),
    )
