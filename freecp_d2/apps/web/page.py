"""Gradio components of the page, and their events."""

import functools
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
from gradio.utils import get_upload_folder

from ...d2 import detection_utils
from ...data.storybook.dataset import page_name
from ...text import load_vocabulary, shipped_vocabularies
from ...visualization.html.gallery import data_uri, limited
from ...visualization.html.markup import Markup, element
from .inputs import MOST_LETTERS, hint, words_as_text
from .labelling import Labeller, Thresholds
from .results import INVITATION, embedded_notice
from .visit import Visit, label

STYLE = Path(__file__).parent / "style"
_PIXELS = (STYLE / "pixels.js").read_text(encoding="utf-8")
_EXAMPLES = (STYLE / "examples.js").read_text(encoding="utf-8")
PAGES = (51, 87, 123, 15)
"""Examples for visitors without an image: evenly spaced pages of Storybook's split "val"."""

_TITLE = "Label an image with words of your own"
_LEAD = (
    "A CLIP that was not trained for it labels every pixel, with a base method alone and with "
    "FreeCP, which first removes the words that are not in the image."
)
_AN_HOUR = 3600


def build_page(labeller: Labeller) -> gr.Blocks:
    """The page, to be launched; uploads are deleted within two hours."""
    with gr.Blocks(
        title=_TITLE, analytics_enabled=False, delete_cache=(_AN_HOUR, _AN_HOUR), fill_width=True
    ) as page:
        notice = embedded_notice() if labeller.is_embedded else ""
        _html(element("h1", _TITLE) + element("p", _LEAD) + notice, elem_id="title")
        with gr.Row(elem_id="layout"):
            with gr.Column(scale=1, min_width=320):
                controls = SimpleNamespace()  # two groups; on a phone the results are between
                _add_inputs(controls, labeller)
                _add_settings(controls, labeller)
            with gr.Column(scale=3, min_width=320):
                results = [
                    _html(INVITATION, js_on_load=_PIXELS, elem_id="images"),
                    _html(elem_id="pixel"),
                    _html(elem_id="decisions"),
                    gr.State(time_to_live=_AN_HOUR),
                ]
        _wire(page, labeller, controls, results)
    return page


def _add_inputs(c: SimpleNamespace, labeller: Labeller) -> None:
    text = words_as_text(labeller.vocabulary)
    with gr.Group(elem_classes="ask"):
        c.image = gr.Image(
            drawn_page(0) if labeller.is_embedded else None,
            label="Image",
            sources=["upload", "webcam"],
            type="filepath",
            image_mode=None,
            format="png",
            height=240,
            buttons=[],
        )
        c.examples = _html(thumbnails(), js_on_load=_EXAMPLES)
        c.words = gr.Textbox(
            text,
            label="Words",
            info="Semicolons between things, commas between words for the same: cat, kitten; dog",
            lines=3,
            max_lines=6,
            max_length=MOST_LETTERS,
        )
        c.hint = _html(hint(text))
        c.go = gr.Button("Label the image", variant="primary")


def _add_settings(c: SimpleNamespace, labeller: Labeller) -> None:
    start = labeller.thresholds
    with gr.Group(elem_classes="settings"):
        c.listed = gr.Dropdown([*shipped_vocabularies()], value=None, label="Words of a benchmark")
        c.method = gr.Radio([*labeller.methods], value=labeller.methods[0], label="Base method")
        is_automatic = "auto" in (start.redundancy, start.ambiguity)
        c.automatic = gr.Checkbox(
            is_automatic,
            label="Let each image choose the thresholds",
            info="From the gap in the scores of the words.",
        )
        options: dict[str, Any] = {"buttons": [], "interactive": not is_automatic}
        # An automatic threshold starts at the released program's value.
        c.redundancy = gr.Slider(
            *(0, 0.5, 0.05 if isinstance(start.redundancy, str) else start.redundancy),
            step=0.005,
            label="Redundancy threshold",
            info="Words with a lower score are removed; further right, fewer words remain.",
            **options,
        )
        c.ambiguity = gr.Slider(
            *(0, 1, 0.7 if isinstance(start.ambiguity, str) else start.ambiguity),
            step=0.01,
            label="Ambiguity threshold",
            info="Words that overlap more compete for a region; further left, more of them do.",
            **options,
        )
        c.bands = gr.Textbox(
            ",".join(map(str, labeller.reading.bands)),
            label="Bands of a scientific image",
            info="Red, green and blue of an image with many bands, for instance 4,3,2; or one.",
            max_length=40,
        )


@functools.cache
def drawn_page(index: int) -> np.ndarray:
    """Page `PAGES[index]`: uint8 RGB, shape (192, 256, 3)."""
    return detection_utils.read_image(page_name("val", "images", PAGES[index]), "RGB")


def thumbnails() -> Markup:
    """A button for each of `PAGES`."""
    buttons = [
        element(
            "button",
            element("img", src=data_uri(limited(drawn_page(i), 160)), alt=""),
            aria_label=f"Drawn page {i + 1} of {len(PAGES)}",
            data_index=i,
            type="button",
        )
        for i in range(len(PAGES))
    ]
    return element("div", *buttons, class_="examples")


def _html(value: str = "", **options: Any) -> gr.HTML:
    """Without Gradio's own CSS, which indents lists and colours headings."""
    return gr.HTML(value, apply_default_css=False, **options)


def _wire(page: gr.Blocks, labeller: Labeller, c: SimpleNamespace, results: list[Any]) -> None:
    """Connect events; all that run the model share one queue."""
    images, pixel, decisions, visit = results
    sliders = [c.redundancy, c.ambiguity]
    relabel: dict[str, Any] = {
        "fn": functools.partial(_relabel, labeller),
        "inputs": [c.image, c.words, c.method, c.automatic, *sliders, c.bands, visit],
        "outputs": [images, decisions, visit],
        "preprocess": False,  # `read_upload` reads files, with messages for visitors
        "trigger_mode": "always_last",
        "show_progress": "minimal",
        "show_progress_on": images,
        "concurrency_limit": 1,
        "concurrency_id": "model",
        "api_visibility": "private",
    }
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    # One queue for all that shows a pixel, so that its words follow those of an older view. It is
    # not that of the model: the view has the best scores.
    pixels: dict[str, Any] = {"outputs": pixel, "concurrency_id": "pixels", **quiet}
    moved = [control.input for control in (c.method, c.automatic, *sliders)]
    asked = [c.go.click, c.words.submit, c.bands.submit]
    for labelled in (
        gr.on([page.load, c.image.change, *asked, *moved], **relabel),
        c.listed.input(_words_of, c.listed, c.words, **quiet).then(**relabel),
    ):
        labelled.then(_words_of_pixel, visit, **pixels)
    c.automatic.input(
        lambda automatic: [gr.update(interactive=not automatic)] * 2, c.automatic, sliders, **quiet
    )
    c.words.change(hint, c.words, c.hint, trigger_mode="always_last", **quiet)
    c.examples.choose(_example, None, c.image, **quiet)
    images.pixel(_choose, visit, trigger_mode="always_last", **pixels)


def _relabel(
    labeller: Labeller,
    payload: Mapping[str, Any] | None,
    words: str | None,
    method: str,
    automatic: bool,
    redundancy: float | None,
    ambiguity: float | None,
    bands: str | None,
    visit: Visit | None,
) -> tuple[str, str, Visit]:
    start = labeller.thresholds  # used if the visitor cleared a slider's number
    thresholds = Thresholds(
        "auto" if automatic else start.redundancy if redundancy is None else redundancy,
        "auto" if automatic else start.ambiguity if ambiguity is None else ambiguity,
    )
    uploads = Path(get_upload_folder())
    visit = visit or Visit()
    asked = (labeller, payload, words, method, thresholds, visit.view)
    view = visit.show(label(*asked, uploads=uploads, bands=bands))
    return view.images, view.words, visit


def _words_of_pixel(visit: Visit | None) -> str:
    return visit.view.pixel if visit and visit.view else ""


def _choose(visit: Visit | None, event: gr.EventData) -> str:
    if visit:
        visit.choose(float(event.x), float(event.y))
    return _words_of_pixel(visit)


def _example(event: gr.EventData) -> np.ndarray:
    return drawn_page(int(event.index))


def _words_of(name: str | None) -> Any:
    """The words of a shipped vocabulary. Gradio only passes names that are in the list."""
    return words_as_text(load_vocabulary(name)) if name else gr.skip()
