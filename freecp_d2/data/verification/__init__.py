"""Verifying the files of the benchmarks in full; the command is `datasets/verify.py`."""

from .report import not_found_text, report_data, report_text, summary_text
from .verifying import Verification, verify_benchmark

__all__ = [
    "Verification",
    "not_found_text",
    "report_data",
    "report_text",
    "summary_text",
    "verify_benchmark",
]
