"""Verify the files of the benchmarks in full; the command is `freecp data verify`."""

from .verifying import Verification, verify_benchmark

__all__ = ["Verification", "verify_benchmark"]
