"""What verifying benchmarks found, for people and for programs."""

from typing import Any

from ..benchmark import Benchmark
from ..checks import first_few
from .verifying import Verification

_NUM_LARGEST = 5


def report_text(result: Verification) -> str:
    """A compact block on one benchmark; of each finding the first few files are named."""
    benchmark, files, pixels = result.benchmark, result.files, result.pixels
    total = max(int(pixels.sum()), 1)
    order = sorted(range(benchmark.num_classes), key=lambda label: -pixels[label])
    largest = [label for label in order[:_NUM_LARGEST] if pixels[label]]
    shares = [f"{benchmark.class_names[i]} {pixels[i] / total:.1%}" for i in largest]
    lines = [
        f"{benchmark.name}: {_outcome(len(result.findings))}",
        f"  images   {files.image_folder}",
        f"  labels   {files.label_folder}",
        f"  counted  {len(files.images)} images, official {benchmark.num_images}; "
        f"{int((pixels[:-1] > 0).sum())} of {benchmark.num_classes} classes occur; "
        f"{pixels[-1] / total:.1%} of the pixels unlabelled",
        f"  largest  {', '.join(shares) or 'none'}",
        *(f"  note     {note}" for note in result.notes),
    ]
    for finding in result.findings:
        lines.append(f"  FINDING  {finding.what};")
        lines.append(f"           {finding.advice}")
        if finding.files:
            lines.append(f"           {len(finding.files)} in all: {first_few(finding.files)}")
    return "\n".join(lines)


def report_data(result: Verification) -> dict[str, Any]:
    """Everything about one benchmark, with the full histogram and all files, as JSON has it."""
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


def not_found_text(benchmark: Benchmark, error: FileNotFoundError) -> str:
    """A line on what is missing, and where it was looked for."""
    missing = str(error).split(". Expected there:")[0].split(", found ", 1)[-1]
    return f"{benchmark.name}: not found; {missing}"


def summary_text(results: list[Verification], num_missing: int) -> str:
    """One line on all of them."""
    count = sum(len(result.findings) for result in results)
    verified = "1 benchmark" if len(results) == 1 else f"{len(results)} benchmarks"
    missing = f", {num_missing} not found" if num_missing else ""
    return f"{verified} verified: {_outcome(count)}{missing}"


def _outcome(num_findings: int) -> str:
    if num_findings == 1:
        return "1 finding"
    return f"{num_findings} findings" if num_findings else "no finding"
