"""How the page looks: the report's colours and chips, the fonts of the visitor's own system."""

from pathlib import Path

import gradio as gr

from ...visualization.html import page as report_page

__all__ = ["page_head", "page_theme"]

_STYLE = Path(__file__).parent / "style"
_SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial")


def page_head() -> str:
    """A style element: the rules of the report's images within `.freecp`, then the page's own."""
    images = Path(report_page.__file__).parent / "style" / "images.css"
    rules = f".freecp {{\n{images.read_text(encoding='utf-8')}\n}}"
    return f"<style>{rules}\n{(_STYLE / 'page.css').read_text(encoding='utf-8')}</style>"


def script(name: str) -> str:
    """What runs in the browser for one element of the page."""
    return (_STYLE / f"{name}.js").read_text(encoding="utf-8")


def page_theme() -> gr.themes.Base:
    """Gradio's components in the same colours; no font is fetched."""
    theme = gr.themes.Base(
        font=[*_SANS, "sans-serif"], font_mono=["ui-monospace", "Consolas", "monospace"]
    )
    colours = {
        "body_background_fill": ("#faf5ea", "#1d1916"),
        "body_text_color": ("#2e2721", "#efe6d8"),
        "body_text_color_subdued": ("#6d6155", "#b5a795"),
        "background_fill_primary": ("#fffdf7", "#27221d"),
        "background_fill_secondary": ("#faf5ea", "#1d1916"),
        "block_background_fill": ("#fffdf7", "#27221d"),
        "block_border_color": ("#e2d7c3", "#443b32"),
        "block_label_background_fill": ("#fffdf7", "#27221d"),
        "block_label_text_color": ("#6d6155", "#b5a795"),
        "block_title_text_color": ("#2e2721", "#efe6d8"),
        "block_info_text_color": ("#6d6155", "#b5a795"),
        "border_color_primary": ("#e2d7c3", "#443b32"),
        "border_color_accent": ("#a84525", "#f0936a"),
        "input_background_fill": ("#ffffff", "#1d1916"),
        "input_border_color": ("#e2d7c3", "#443b32"),
        "input_border_color_focus": ("#a84525", "#f0936a"),
        "color_accent": ("#a84525", None),
        "slider_color": ("#a84525", "#f0936a"),
        "checkbox_background_color_selected": ("#a84525", "#f0936a"),
        "checkbox_border_color_selected": ("#a84525", "#f0936a"),
        "checkbox_label_background_fill": ("#fffdf7", "#1d1916"),
        "checkbox_label_background_fill_selected": ("#f6e5d2", "#40301f"),
        "button_primary_background_fill": ("#a84525", "#f0936a"),
        "button_primary_background_fill_hover": ("#8f3a1f", "#f5ab89"),
        "button_primary_text_color": ("#fffdf7", "#1d1916"),
    }
    values: dict[str, str] = {}
    for name, (light, dark) in colours.items():
        values[name] = light
        if dark is not None:
            values[f"{name}_dark"] = dark
    theme.set(input_border_width="1px", **values)
    return theme
