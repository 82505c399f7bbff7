"""A finding of the verification, and the probable cause of a wrong number of images."""

from dataclasses import dataclass

from ..benchmark_spec import Benchmark

_VOC_COUNTS = {
    1464: "the train split has as many",
    1456: "the test split, which has no annotations, has as many",
    2913: "train and val have as many: SegmentationClass holds the files of both",
    10582: "the augmented train split has as many",
}
_CONTEXT_COUNTS = {
    5105: "papers count 5,105, with one image that has no annotation",
    4996: "the train split of mmsegmentation has as many",
    4998: "the train split has as many",
    10103: "train and val have as many",
}
_COCO_COUNTS = {
    1000: "COCO-Stuff-10k's test split, which is another set of images, has as many",
    9000: "COCO-Stuff-10k's train split, which is another set of images, has as many",
    4952: "COCO's val2017 has as many images with objects; those without belong to it too",
    40504: "COCO's val2014 has as many",
    118287: "COCO's train2017 has as many",
}
_KNOWN_COUNTS = {
    "voc21": _VOC_COUNTS,
    "voc20": _VOC_COUNTS,
    "context60": _CONTEXT_COUNTS,
    "context59": _CONTEXT_COUNTS,
    "coco_object": _COCO_COUNTS,
    "coco_stuff": _COCO_COUNTS,
    "cityscapes": {
        1525: "the test split, whose annotations are empty, has as many",
        2975: "the train split has as many",
        3475: "train and val have as many",
    },
    "ade20k": {
        20210: "the train split has as many",
        22210: "train and val have as many",
        3352: "the test split has as many",
    },
}
_MAX_DROPPED = 15  # an upper bound of the VOC images whose annotation is all 255


@dataclass(frozen=True)
class Finding:
    """One fault of a benchmark's files."""

    kind: str  # count, split, unpaired, image, label, mode, size, values, convention, ...
    what: str  # what was found and what was expected
    advice: str
    files: tuple[str, ...] = ()  # all that are concerned; empty for the whole set


def count_finding(benchmark: Benchmark, num_images: int) -> Finding | None:
    """Compare the number of images with the official one."""
    official = benchmark.num_images
    if num_images == official:
        return None
    cause = _KNOWN_COUNTS.get(benchmark.key, {}).get(num_images, "")
    if not cause and benchmark.key == "voc20" and 0 < official - num_images <= _MAX_DROPPED:
        cause = "CAT-Seg's converter leaves out images whose annotation is all 255"
    elif not cause and num_images < official:
        cause = "a part of the set"
    cause = f" ({cause})" if cause else ""
    split = next((f" ({f.split_file})" for f in benchmark.labels if f.split_file), "")
    return Finding(
        "count",
        f"{num_images} images, expected the official {official}{cause}",
        f"use the official val split{split}, all of it; results on another set are not comparable",
    )
