"""The page: what is where, and what happens when a visitor does something."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
import numpy as np
from gradio.utils import get_upload_folder

from ...text import load_vocabulary, shipped_vocabularies
from ...visualization.html.markup import element
from .appearance import script
from .examples import drawn_page, thumbnails
from .labelling import Labeller, Thresholds
from .messages import embedded_notice, invitation
from .visit import Shown, choose_pixel, label
from .words import MOST_LETTERS, hint, words_as_text

__all__ = ["build_page"]

_TITLE = "Label an image with words of your own"
_LEAD = (
    "A CLIP that was never taught to labels every pixel, by a base method alone and with FreeCP, "
    "which first throws out the words that are not in the image."
)
_AN_HOUR = 3600


class _Controls(NamedTuple):
    image: gr.Image
    examples: gr.HTML
    words: gr.Textbox
    hint: gr.HTML
    listed: gr.Dropdown
    go: gr.Button
    method: gr.Radio
    automatic: gr.Checkbox
    redundancy: gr.Slider
    ambiguity: gr.Slider


class _Results(NamedTuple):
    images: gr.HTML
    pixel: gr.HTML
    words: gr.HTML
    shown: gr.State


def build_page(labeller: Labeller) -> gr.Blocks:
    """
    Args:
        labeller: the models, shared by all visitors.

    Returns:
        gr.Blocks: to be launched; what visitors upload is deleted within two hours.
    """
    with gr.Blocks(
        title=_TITLE, analytics_enabled=False, delete_cache=(_AN_HOUR, _AN_HOUR), fill_width=True
    ) as page:
        title = element("h1", _TITLE), element("p", _LEAD), embedded_notice(labeller.is_embedded)
        _html(element("div", *title), elem_id="title")
        with gr.Row(elem_id="layout"):
            with gr.Column(scale=1, min_width=320):
                controls = _controls(labeller)
            with gr.Column(scale=3, min_width=320):
                results = _results()
        _wire(page, labeller, controls, results)
    return page


def _controls(labeller: Labeller) -> _Controls:
    """On a phone the results stand between the two groups."""
    text, start = words_as_text(labeller.vocabulary), labeller.thresholds
    with gr.Group(elem_classes="ask"):
        image = gr.Image(
            drawn_page(0) if labeller.is_embedded else None,
            label="Image",
            sources=["upload", "webcam"],
            type="filepath",
            image_mode=None,
            format="png",
            height=240,
            buttons=[],
        )
        examples = _html(thumbnails(), js_on_load=script("examples"))
        words = gr.Textbox(
            text,
            label="Words",
            info="Semicolons between things, commas between words for the same: cat, kitten; dog",
            lines=3,
            max_lines=6,
            max_length=MOST_LETTERS,
        )
        said = _html(hint(text))
        go = gr.Button("Label the image", variant="primary")
    with gr.Group(elem_classes="settings"):
        listed = gr.Dropdown([*shipped_vocabularies()], value=None, label="Words of a benchmark")
        method = gr.Radio([*labeller.methods], value=labeller.methods[0], label="Base method")
        thresholds = _threshold_controls(start)
    return _Controls(image, examples, words, said, listed, go, method, *thresholds)


def _threshold_controls(start: Thresholds) -> tuple[gr.Checkbox, gr.Slider, gr.Slider]:
    is_automatic = "auto" in (start.redundancy, start.ambiguity)
    automatic = gr.Checkbox(
        is_automatic,
        label="Let each image choose the thresholds",
        info="By how the scores of the words part; nothing to set.",
    )
    redundancy = gr.Slider(
        0,
        0.5,
        _number(start.redundancy, 0.05),
        step=0.005,
        buttons=[],
        label="Redundancy threshold",
        info="Words with a lower score leave; further right, fewer words stay.",
        interactive=not is_automatic,
    )
    ambiguity = gr.Slider(
        0,
        1,
        _number(start.ambiguity, 0.7),
        step=0.01,
        buttons=[],
        label="Ambiguity threshold",
        info="Words that overlap more compete for a place; further left, more of them do.",
        interactive=not is_automatic,
    )
    return automatic, redundancy, ambiguity


def _number(threshold: float | str, otherwise: float) -> float:
    """Where a slider stands; an automatic one where the release has it."""
    return otherwise if isinstance(threshold, str) else threshold


def _results() -> _Results:
    return _Results(
        _html(invitation(), js_on_load=script("pixels"), elem_id="images"),
        _html(elem_id="pixel"),
        _html(elem_id="decisions"),
        gr.State(time_to_live=_AN_HOUR),
    )


def _html(value: str = "", **options: Any) -> gr.HTML:
    """Without Gradio's own rules for text, which indent lists and colour headings."""
    return gr.HTML(value, apply_default_css=False, **options)


def _wire(page: gr.Blocks, labeller: Labeller, c: _Controls, results: _Results) -> None:
    """Which event does what; all that uses the model waits in one queue."""
    settings = [c.words, c.method, c.automatic, c.redundancy, c.ambiguity]
    relabel: dict[str, Any] = {
        "fn": _relabel(labeller),
        "inputs": [c.image, *settings, results.shown],
        "outputs": [*results],
        "preprocess": False,  # `read_upload` reads files, and says what is wrong with them
        "trigger_mode": "always_last",
        "show_progress": "minimal",
        "show_progress_on": results.images,
        "concurrency_limit": 1,
        "concurrency_id": "model",
        "api_visibility": "private",
    }
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    moved = [c.method.input, c.automatic.input, c.redundancy.input, c.ambiguity.input]
    gr.on([page.load, c.image.change, c.go.click, c.words.submit, *moved], **relabel)
    chosen = c.listed.input(_words_of, c.listed, c.words, **quiet)
    chosen.then(**relabel)
    sliders = [c.redundancy, c.ambiguity]
    c.automatic.input(_hold, c.automatic, sliders, **quiet)
    c.words.change(hint, c.words, c.hint, trigger_mode="always_last", **quiet)
    c.examples.choose(_example, None, c.image, **quiet)
    # Not in the model's queue: labels hold their best scores.
    pixel = [results.pixel, results.shown]
    results.images.pixel(_pixel, results.shown, pixel, trigger_mode="always_last", **quiet)


def _relabel(labeller: Labeller) -> Callable[..., tuple[str, str, str, Shown]]:
    def relabel(
        payload: Mapping[str, Any] | None,
        words: str | None,
        method: str,
        automatic: bool,
        redundancy: float | None,
        ambiguity: float | None,
        before: Shown | None,
    ) -> tuple[str, str, str, Shown]:
        start = labeller.thresholds  # where the number of a slider was deleted
        thresholds = Thresholds(
            "auto" if automatic else start.redundancy if redundancy is None else redundancy,
            "auto" if automatic else start.ambiguity if ambiguity is None else ambiguity,
        )
        shown = label(
            labeller, payload, words, method, thresholds, before, uploads=Path(get_upload_folder())
        )
        return shown.images, shown.pixel, shown.words, shown

    return relabel


def _hold(automatic: bool) -> tuple[Any, Any]:
    """Sliders that have no effect do not move."""
    return gr.update(interactive=not automatic), gr.update(interactive=not automatic)


def _pixel(shown: Shown | None, event: gr.EventData) -> tuple[str, Shown | None]:
    chosen = choose_pixel(shown, float(event.x), float(event.y))
    return "" if chosen is None else chosen.pixel, chosen


def _example(event: gr.EventData) -> np.ndarray:
    return drawn_page(int(event.index))


def _words_of(name: str | None) -> Any:
    """The words of a shipped list; what is not one of the choices does not come here."""
    return words_as_text(load_vocabulary(name)) if name else gr.skip()
