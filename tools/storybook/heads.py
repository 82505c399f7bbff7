"""
Compare purification heads on Storybook's images, with SCLIP.

    python tools/storybook/heads.py --limit 60 --processes 2

The heads differ in how they choose the words of a window or an image. Each is evaluated without
(RP) and with ambiguity purification (RP-AP). CLIP has no presence; heads that read it take the
highest probability of a word in the image. Intervals are of the paired bootstrap over images.
"""

import freecp

if __name__ == "__main__":
    freecp.exit_on_interrupt()  # while torch is imported

import argparse

from tabulate import tabulate

from freecp_d2.engine.variants import Variant, count_pixels, variant_configs
from freecp_d2.evaluation.bootstrap import paired_bootstrap
from freecp_d2.evaluation.pixel_counts import mean_iou

HEAD = "MODEL.PURIFICATION_HEAD"
IMAGE = f"{HEAD}.IMAGE"
WINDOW = "window by window (FreeCP)"

HEADS: dict[str, tuple[object, ...]] = {
    WINDOW: (),
    "mean of the image": (f"{HEAD}.NAME", "ImageClassPurification"),
    "maximum of the image": (f"{HEAD}.NAME", "ImageClassPurification", f"{IMAGE}.POOLING", "max"),
    "20 % by probability (ActiveSAM)": (f"{HEAD}.NAME", "PresenceShare"),
    **{
        f"probability above {thresh} (RADSeg)": (
            *(f"{HEAD}.NAME", "BestProbability"),
            *(f"{IMAGE}.PROBABILITY_THRESH", thresh),
        )
        for thresh in (0.3, 0.5, 0.8)
    },
}
"""Row of the table -> keys that choose the head."""
AP = {"RP": (f"{HEAD}.AMBIGUITY.ENABLED", False), "RP-AP": ()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[1])
    parser.add_argument("--dataset", default="freecp_storybook_wide_val")
    parser.add_argument("--limit", type=int, help="use only the first LIMIT images")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("opts", nargs="*", help="KEY VALUE pairs for every run")
    args = parser.parse_args()
    variants = [
        Variant("alone", (f"{HEAD}.NAME", "")),
        *(Variant(f"{name}, {ap}", (*o, *a)) for name, o in HEADS.items() for ap, a in AP.items()),
    ]
    files = {"sclip": "storybook/sclip_freecp"}
    opts = ("DATASETS.TEST", f'("{args.dataset}",)', *args.opts)
    configs = variant_configs(files, variants, opts)
    found = count_pixels(configs, processes=args.processes, limit=args.limit)
    counts = {name: pixels for (_, name), pixels in found.items()}
    rows = []
    for name, pixels in counts.items():
        ap = "RP" if name.endswith(" RP") else "RP-AP"
        against = [counts["alone"], counts[f"{WINDOW}, {ap}"]]
        differences = [str(paired_bootstrap(other, pixels)) for other in against]
        rows.append([name, mean_iou(pixels.sum(axis=0)), *differences])
    print(f"mIoU, differences in points [95 % interval], {len(counts['alone'])} images:")
    headers = ["words chosen", "mIoU", "- alone", "- window by window"]
    print(tabulate(rows, headers, tablefmt="pipe", floatfmt=".1f"))


if __name__ == "__main__":
    freecp.call(main)
