#!/usr/bin/env python
"""
Write the configs of base methods and hosts that are not in the paper, from one table.

    python tools/base_method_configs.py

For each method and benchmark, Storybook included: `<method>.yaml` and `<method>_freecp.yaml` in the
paper's setting; for the eight benchmarks `<method>_original.yaml` in the authors' setting, and
`sam3.yaml` and `sam3_freecp.yaml`, SAM 3 with the words of the benchmark. A test compares the files
with the table.
"""

import freecp

if __name__ == "__main__":
    freecp.exit_on_interrupt()  # while torch is imported

from itertools import product
from pathlib import Path
from typing import Any

import yaml

from freecp_d2.apps.reproduce.tables import BASES, FURTHER_METHODS, STORYBOOK, read_table

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
    "naclip": "its repository",
    "sfp": "ConceptBank's comparison",
    "cliptrase": "its repository",
    "proxyclip": "its paper",
}

WORDS = {"voc21": "voc21_sclip", "voc20": "voc20_sclip", "coco_object": "coco_object_sclip"}
"""The lists of words that NACLIP's, SC-CLIP's and ResCLIP's programs have from SCLIP's."""
OWN_WORDS = {
    "proxyclip": {
        "voc21": "voc21_proxyclip",
        "voc20": "voc20_clearclip",  # the same words
        "coco_object": "coco_object_proxyclip",
    },
    "cliptrase": {benchmark: f"{benchmark}_cliptrase" for benchmark in WORDS},
}
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
    "proxyclip": (0.2, 0.15, 0.25),
    "cliptrase": (0.0, 0.0, 0.0),
}
"""prob_thd, in the order of WITH_BACKGROUND."""
MIN_AREAS = {"scclip": {"voc21": 0.1}, "sfp": {"voc21": 0.1}}
"""area_thd."""
SHORTER_SIDES = {
    "naclip": {"cityscapes": 560},
    "resclip": {"cityscapes": 560},
    "scclip": {"cityscapes": 560},
    "sfp": {"cityscapes": 560, "ade20k": 384},
    "proxyclip": {"cityscapes": 448, "ade20k": 448},
    "cliptrase": {},
}
"""Others are 336."""
WHOLE_IMAGES = {"naclip": ("voc21", "voc20"), "resclip": ("voc21", "voc20")}
"""Without windows."""
LARGE_WINDOWS = {"cliptrase": TITLES.keys(), "proxyclip": TITLES.keys() - {"cityscapes"}}
"""Of 336 pixels; others have 224. The stride is 112."""

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

PROXY = {"ARCH": "vit_base_patch8_224.dino", "PRETRAINED": "dino:vitb8"}
"""DINO ViT-B/8, the default of ProxyCLIP's authors; with FreeCP the affinity is still CLIP's."""

NOTES = {
    "naclip": "With PAMR, as their program; TEST.PAMR.ENABLED False: {without} in "
    "OV-Stitcher's comparison.",
    "resclip": "PAMR runs in the feedback, as in their program.",
    "cliptrase": "They evaluate centre crops of 336 pixels, windows here. {words}.",
}

SAM3 = {
    "sam3": {"META_ARCHITECTURE": "SAM3Segmentor", "PURIFICATION_HEAD": {"NAME": ""}},
    "sam3_freecp": {
        "META_ARCHITECTURE": "PurifiedSegmentor",
        "PURIFIED": {
            "META_ARCHITECTURE": "SAM3Segmentor",
            "SCORES": "probabilities",
            "WINNER": "score",
            "SIZE": 1008,
            "STRIDE": 28,
        },
        "AFFINITY_HEAD": {"NAME": "FeatureAffinity", "FEATURES": {"COSINE_POWER": 4.0}},
        "PURIFICATION_HEAD": {
            "REGION": {"EXCLUDE_LAST": False},
            "REDUNDANCY": {"THRESH": 0.05},
            "AMBIGUITY": {"THRESH": 0.7},
        },
        "SLIDING_WINDOW": {"SIZE": 4096, "STRIDE": 4096},
    },
}
"""The patches of purification are 2 x 2 of SAM 3's; a window is the whole image."""
SAM3_HEADERS = {
    "sam3": ["SAM 3 alone; not in the paper"],
    "sam3_freecp": ["SAM 3 + FreeCP; not in the paper. The thresholds have not been tuned"],
}


def model_node(method: str, benchmark: str) -> dict[str, Any]:
    """What all configs of a method have below MODEL."""
    own = {"RESCLIP": RESCLIP[benchmark]} if method == "resclip" and benchmark in RESCLIP else {}
    node: dict[str, Any] = {"CLIP": {"DENSE_ATTENTION": method, **own}}
    return node | {"AFFINITY_HEAD": {"DINO": PROXY}} if method == "proxyclip" else node


def original(method: str, benchmark: str) -> dict[str, Any]:
    """The authors' setting."""
    words = OWN_WORDS.get(method, WORDS)
    text: dict[str, Any] = {"VOCABULARY": words[benchmark]} if benchmark in words else {}
    model = model_node(method, benchmark)
    model["CLIP"]["DENSE_PRESET"] = "original"
    if method == "cliptrase":
        model["CLIP"]["CLIPTRASE"] = {"VOTE": True, "RADIUS": 1.1, "MIN_SAMPLES": 7}
        if benchmark == "voc20":
            model["CLIP"]["CLIPTRASE"]["CLASS_TOKEN"] = True
    else:
        model["CLIP"]["LOGIT_SCALE"] = LOGIT_SCALES.get(method, {}).get(benchmark, 40.0)
        text["SOFTMAX"] = "image"
    if benchmark in WITH_BACKGROUND:
        thresh = THRESHES[method][WITH_BACKGROUND.index(benchmark)]
        text |= {"BACKGROUND": "words", "BACKGROUND_THRESH": thresh}
    if benchmark in MIN_AREAS.get(method, {}):
        text["MIN_AREA"] = MIN_AREAS[method][benchmark]
    size = 336 if benchmark in LARGE_WINDOWS.get(method, ()) else 224
    whole = benchmark in WHOLE_IMAGES.get(method, ())
    windows = {"SIZE": 2048, "STRIDE": 2048} if whole else {"SIZE": size, "STRIDE": 112}
    model |= {"TEXT": text, "PURIFICATION_HEAD": {"NAME": ""}, "SLIDING_WINDOW": windows}
    node = {"MODEL": {key: value for key, value in model.items() if value}}
    node["INPUT"] = {"MIN_SIZE_TEST": SHORTER_SIDES[method].get(benchmark, 336)}
    if method == "naclip":
        node["TEST"] = {"PAMR": {"ENABLED": True}}
    return node


def header_of_original(method: str, benchmark: str) -> list[str]:
    published = read_table(BASES)
    row = f"{method}_original"
    mean_iou = published.number_of(row, benchmark)
    title = f"{FURTHER_METHODS[method]} in its authors' setting."
    if mean_iou is None:
        return [f"{title} They do not evaluate {TITLES[benchmark]}."]
    spelled = "They spell some words differently"
    note = NOTES.get(method, "").format(
        without=published.number_of(f"{row}_without_pamr", benchmark),
        words="The words are theirs" if benchmark in WORDS else spelled,
    )
    return [f"{title} Published: {mean_iou} mIoU, in {SOURCES[method]}", *([note] if note else [])]


def variants(method: str, benchmark: str) -> dict[str, tuple[list[str], dict[str, Any]]]:
    """Suffix of the file -> its header and content."""
    title = FURTHER_METHODS[method]
    node = model_node(method, benchmark)
    alone = {"MODEL": {**node, "PURIFICATION_HEAD": {"NAME": ""}}}
    found = {
        "": ([f"{title} alone in the setting of FreeCP; not in the paper"], alone),
        "_freecp": ([f"{title} + FreeCP; not in the paper"], {"MODEL": node}),
    }
    if method in THRESHES and benchmark != STORYBOOK:
        header = header_of_original(method, benchmark)
        found["_original"] = (header, original(method, benchmark))
    return found


def files() -> dict[str, str]:
    """Path below `configs/` -> content."""
    found = {}
    for method, benchmark in product(FURTHER_METHODS, [*TITLES, STORYBOOK]):
        if (method, benchmark) == ("proxyclip", STORYBOOK):
            continue  # examples/proxyclip.yaml, with a proxy that needs no weights
        for suffix, (header, content) in variants(method, benchmark).items():
            name = f"{benchmark}/{method}{suffix}"
            found[f"{name}.yaml"] = write_config(name, header, content)
    for benchmark, (method, node) in product(TITLES, SAM3.items()):
        name, content = f"{benchmark}/{method}", {"MODEL": node, "INPUT": {"MIN_SIZE_TEST": 0}}
        found[f"{name}.yaml"] = write_config(name, SAM3_HEADERS[method], content)
    return found


def write_config(name: str, header: list[str], content: dict[str, Any]) -> str:
    lines = [f"python train_net.py --eval-only --config configs/{name}.yaml", *header]
    base = f"Base-{(TITLES | {STORYBOOK: 'Storybook'})[name.partition('/')[0]]}.yaml"
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
    freecp.call(main)
