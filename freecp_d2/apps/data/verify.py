"""
Verify the files of the benchmarks, or of your own datasets, in full, and report what is wrong.

    python datasets/verify.py
    python datasets/verify.py folder:photos
    python datasets/verify.py voc21 coco_object --report output/datasets.json

Every image and label is decoded, and the classes are counted. Findings are a wrong number of
images, damaged or missing files, unequal sizes, and labels of another encoding (shifted, in another
order, without unlabelled pixels). The exit status is 0 without findings, and 1 with one, if a
benchmark that was named is missing, or if all are.
"""

import argparse
import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...data import BENCHMARKS
from ...data.benchmark_files import datasets_root
from ...data.file_checks import first_few
from ...data.own import PREFIX
from ...data.verification import (
    FolderVerification,
    Verification,
    verify_benchmark,
    verify_folder,
)
from ...utils.files import write_whole
from ..options import described_parser

_NUM_LARGEST = 5


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line; `keys` are the benchmarks that are named."""
    parser = described_parser(__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"of {', '.join(BENCHMARKS)}, or freecp_<name>_val; folder:PATH, or a path with a /, "
        "for an own dataset; default: all benchmarks that are found",
    )
    parser.add_argument(
        "--root",
        metavar="DIR",
        help="the folder of all datasets; default: $DETECTRON2_DATASETS, else ./datasets",
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", default=os.cpu_count() or 1, help="default: all CPUs"
    )
    parser.add_argument(
        "--report", type=Path, metavar="FILE.json", help="write all findings and the histograms"
    )
    args = parser.parse_args(argv)
    keys = {name: row.key for row in BENCHMARKS.values() for name in (row.key, row.name)}
    own = [name for name in args.names if name.startswith(PREFIX) or os.sep in name]
    args.folders = [PREFIX + name.removeprefix(PREFIX) for name in own]
    args.names = [name for name in args.names if name not in own]
    if unknown := [name for name in args.names if name not in keys]:
        parser.error(f"no benchmark {', '.join(unknown)}; use some of {', '.join(BENCHMARKS)}")
    if args.workers < 1:
        parser.error(f"--workers {args.workers}, expected 1 or more")
    if args.report and not args.report.parent.is_dir():
        parser.error(f"--report {args.report}: there is no folder {args.report.parent}; create it")
    args.keys = list(dict.fromkeys(keys[name] for name in args.names))
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Verify, print a report, and return the exit status."""
    args = parse_args(argv)
    root = args.root or datasets_root()
    results: list[Verification] = []
    missing: dict[str, str] = {}
    unusable = False  # there are files, which cannot even be listed
    folders = [verify_folder(name, args.workers) for name in args.folders]
    for folder in folders:
        print(folder_text(folder) + "\n")
    everything = () if folders else BENCHMARKS
    for benchmark in [BENCHMARKS[key] for key in args.keys or everything]:
        try:
            results.append(verify_benchmark(benchmark, root, args.workers))
        except (FileNotFoundError, ValueError) as error:
            what = str(error).split(". Expected there:")[0].split(", found ", 1)[-1]
            unusable |= "found no " not in str(error)
            missing[benchmark.name] = f"{benchmark.name}: not found; {what}"
        else:
            print(report_text(results[-1]) + "\n")
    count = sum(len(result.findings) for result in results)
    count += sum(len(folder.findings) for folder in folders)
    total = len(results) + len(folders)
    verified = "1 dataset" if total == 1 else f"{total} datasets"
    not_found = f", {len(missing)} not found" if missing else ""
    print(*missing.values(), f"{verified} verified: {_findings(count)}{not_found}", sep="\n")
    if not total:
        print("Set DETECTRON2_DATASETS, or --root, to the folder that has the datasets.")
    if args.report:
        data = {
            "root": os.path.abspath(root),
            "benchmarks": [report_data(result) for result in results],
            "folders": [dataclasses.asdict(folder) for folder in folders],
            "not_found": missing,
        }
        write_whole(args.report, (json.dumps(data, indent=1) + "\n").encode())
    return int(bool(count or not total or unusable or (args.names and missing)))


def folder_text(result: FolderVerification) -> str:
    """The result of one own dataset as text."""
    lines = [f"{result.name}: {_findings(len(result.findings))}"]
    if result.pixels:
        total = max(sum(result.pixels), 1)
        occurring = sum(count > 0 for count in result.pixels[:-1])
        lines.append(
            f"  counted  {result.num_images} images; {occurring} of {len(result.names)} classes "
            f"occur; {result.pixels[-1] / total:.1%} of the pixels without a class"
        )
        shares = zip(result.names, result.pixels, strict=False)
        lines += [f"  class    {k} {name}: {n / total:.1%}" for k, (name, n) in enumerate(shares)]
    return "\n".join([*lines, *(f"  FINDING  {finding}" for finding in result.findings)])


def report_text(result: Verification) -> str:
    """The result of one benchmark as text; of each finding the first few files are named."""
    benchmark, files, pixels = result.benchmark, result.files, result.pixels
    total = max(int(pixels.sum()), 1)
    order = sorted(range(benchmark.num_classes), key=lambda label: -pixels[label])
    largest = [label for label in order[:_NUM_LARGEST] if pixels[label]]
    shares = [f"{benchmark.class_names[i]} {pixels[i] / total:.1%}" for i in largest]
    lines = [
        f"{benchmark.name}: {_findings(len(result.findings))}",
        f"  images   {files.image_folder}",
        f"  labels   {files.label_folder}",
        f"  counted  {len(files.images)} images, official {benchmark.num_images}; "
        f"{int((pixels[:-1] > 0).sum())} of {benchmark.num_classes} classes occur; "
        f"{pixels[-1] / total:.1%} of the pixels unlabelled",
        f"  largest  {', '.join(shares) or 'none'}",
        *(f"  note     {note}" for note in result.notes),
    ]
    for finding in result.findings:
        lines += [f"  FINDING  {finding.what};", f"           {finding.advice}"]
        if finding.files:
            lines.append(f"           {len(finding.files)} in all: {first_few(finding.files)}")
    return "\n".join(lines)


def report_data(result: Verification) -> dict[str, Any]:
    """The result of one benchmark for JSON, with the full histogram and all files."""
    benchmark, files = result.benchmark, result.files
    pixels = result.pixels.tolist()
    return {
        "name": benchmark.name,
        "image_folder": files.image_folder.path,
        "label_folder": files.label_folder.path,
        "encoding": str(files.label_folder.encoding),
        "num_images": len(files.images),
        "official_num_images": benchmark.num_images,
        "num_classes": benchmark.num_classes,
        "num_classes_present": sum(count > 0 for count in pixels[:-1]),
        "pixels": dict(zip(benchmark.class_names, pixels[:-1], strict=True)),
        "pixels_unlabelled": pixels[-1],
        "findings": [
            {"kind": f.kind, "what": f.what, "advice": f.advice, "files": list(f.files)}
            for f in result.findings
        ],
        "notes": list(result.notes),
    }


def _findings(count: int) -> str:
    if count == 1:
        return "1 finding"
    return f"{count} findings" if count else "no finding"
