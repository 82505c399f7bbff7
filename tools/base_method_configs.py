#!/usr/bin/env python
"""
Write the configs of the base methods that are not in the paper, from one table.

    python tools/base_method_configs.py

For each method and benchmark: `<method>.yaml` and `<method>_freecp.yaml` in the paper's setting,
and `<method>_original.yaml` in the authors' setting. A test compares the files with the table.
"""

from pathlib import Path
from typing import Any

import yaml

from freecp_d2.apps.reproduce.paper import BASES, read_table
from freecp_d2.apps.reproduce.tables import FURTHER_METHODS

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
TITLES = {
    "voc21": "VOC21",
    "context60": "Context60",
    "coco_object": "COCO-Object",
    "voc20": "VOC20",
    "cityscapes": "Cityscapes",
    "context59": "Context59",
    "ade20k": "ADE20K",
    "coco_stuff": "COCO-Stuff",
}
"""Benchmark -> how its Base-*.yaml is named."""
SOURCES = dict.fromkeys(FURTHER_METHODS, "OV-Stitcher's comparison") | {
    "sfp": "ConceptBank's comparison"
}

WORDS = {"voc21": "voc21_sclip", "voc20": "voc20_sclip", "coco_object": "coco_object_sclip"}
"""The lists of words that NACLIP's, SC-CLIP's and ResCLIP's programs have from SCLIP's."""
WITH_BACKGROUND = ("voc21", "context60", "coco_object")
LOGIT_SCALES = {
    "scclip": {"voc21": 50.0, "coco_object": 55.0},
    "sfp": {"voc21": 50.0, "coco_object": 55.0},
}
"""Others are 40."""
THRESHES = {
    "naclip": (0.1, 0.1, 0.1),
    "resclip": (0.1, 0.1, 0.1),
    "scclip": (0.15, 0.15, 0.35),
    "sfp": (0.15, 0.15, 0.35),
}
"""prob_thd, in the order of WITH_BACKGROUND."""
MIN_AREAS = {"scclip": {"voc21": 0.1}, "sfp": {"voc21": 0.1}}
"""area_thd."""
SHORTER_SIDES = {
    "naclip": {"cityscapes": 560},
    "resclip": {"cityscapes": 560},
    "scclip": {"cityscapes": 560},
    "sfp": {"cityscapes": 560, "ade20k": 384},
}
"""Others are 336."""
WHOLE_IMAGES = {"naclip": ("voc21", "voc20"), "resclip": ("voc21", "voc20")}
"""Without windows; others have windows of 224 with stride 112."""

RESCLIP = {
    "voc21": {"CONFIDENCE_THRESH": 0.5, "RCS": [2.0, 0.3], "SFR": [2.2, 0.7]},
    "context60": {"CONFIDENCE_THRESH": 0.3, "RCS": [2.0, 0.3], "SFR": [1.8, 0.7]},
    "coco_object": {"CONFIDENCE_THRESH": 0.11, "RCS": [2.0, 0.4], "SFR": [1.8, 0.7]},
    "voc20": {"CONFIDENCE_THRESH": 0.1, "RCS": [2.0, 0.6], "SFR": [2.1, 0.6]},
    "context59": {"CONFIDENCE_THRESH": 0.25, "RCS": [2.0, 0.4], "SFR": [1.8, 0.7]},
    "coco_stuff": {"CONFIDENCE_THRESH": 0.11, "RCS": [2.0, 0.4], "SFR": [1.8, 0.7]},
    "cityscapes": {"CONFIDENCE_THRESH": 0.1, "RCS": [2.0, 0.2], "SFR": [2.1, 0.6]},
    "ade20k": {"CONFIDENCE_THRESH": 0.25, "RCS": [2.0, 0.3], "SFR": [2.1, 0.7]},
}
"""Its authors tune these five numbers for each benchmark."""

NOTES = {
    "naclip": "Without PAMR, which their program applies to the result by default.",
    "resclip": "PAMR runs in the feedback, as in their program.",
}


def clip_node(method: str, benchmark: str) -> dict[str, Any]:
    own = {"RESCLIP": RESCLIP[benchmark]} if method == "resclip" else {}
    return {"DENSE_ATTENTION": method, **own}


def original(method: str, benchmark: str) -> dict[str, Any]:
    """The authors' setting."""
    scale = LOGIT_SCALES.get(method, {}).get(benchmark, 40.0)
    text: dict[str, Any] = {"VOCABULARY": WORDS[benchmark]} if benchmark in WORDS else {}
    text["SOFTMAX"] = "image"
    if benchmark in WITH_BACKGROUND:
        thresh = THRESHES[method][WITH_BACKGROUND.index(benchmark)]
        text |= {"BACKGROUND": "words", "BACKGROUND_THRESH": thresh}
    if benchmark in MIN_AREAS.get(method, {}):
        text["MIN_AREA"] = MIN_AREAS[method][benchmark]
    whole = benchmark in WHOLE_IMAGES.get(method, ())
    windows = {"SIZE": 2048, "STRIDE": 2048} if whole else {"SIZE": 224, "STRIDE": 112}
    node = {**clip_node(method, benchmark), "DENSE_PRESET": "original", "LOGIT_SCALE": scale}
    model = {"CLIP": node, "TEXT": text, "PURIFICATION_HEAD": {"NAME": ""}}
    model |= {"SLIDING_WINDOW": windows}
    side = SHORTER_SIDES[method].get(benchmark, 336)
    return {"MODEL": model, "INPUT": {"MIN_SIZE_TEST": side}}


def files() -> dict[str, str]:
    """Path below `configs/` -> content."""
    found, published = {}, read_table(BASES)
    for method, title in FURTHER_METHODS.items():
        for benchmark in TITLES:
            node = clip_node(method, benchmark)
            alone = {"MODEL": {"CLIP": node, "PURIFICATION_HEAD": {"NAME": ""}}}
            own_setting = f"{title} alone in the setting of FreeCP; not in the paper"
            variants = {
                "": ([own_setting], alone),
                "_freecp": ([f"{title} + FreeCP; not in the paper"], {"MODEL": {"CLIP": node}}),
            }
            if method in THRESHES:
                mean_iou = published.number_of(f"{method}_original", benchmark)
                header = [
                    f"{title} in its authors' setting. Published: {mean_iou} mIoU, in "
                    f"{SOURCES[method]}"
                ]
                header += [NOTES[method]] if method in NOTES else []
                variants["_original"] = (header, original(method, benchmark))
            for suffix, (header, node_of_variant) in variants.items():
                name = f"{benchmark}/{method}{suffix}"
                found[f"{name}.yaml"] = write_config(name, header, node_of_variant)
    return found


def write_config(name: str, header: list[str], content: dict[str, Any]) -> str:
    lines = [f"python train_net.py --eval-only --config configs/{name}.yaml", *header]
    base = f"Base-{TITLES[name.partition('/')[0]]}.yaml"
    node = {"_BASE_": base, **content, "OUTPUT_DIR": f"output/{name}", "VERSION": 2}
    dumped = yaml.dump(node, Dumper=_Dumper, sort_keys=False, default_flow_style=False)
    return "".join(f"# {line}\n" for line in lines) + dumped.replace("''", '""')


class _Dumper(yaml.SafeDumper):
    """Lists in one line, mappings in many."""

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> Any:
        return super().represent_sequence(tag, sequence, flow_style=True)


def main() -> None:
    for name, content in files().items():
        (CONFIGS / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
