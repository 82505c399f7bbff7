"""Verify the files of the benchmarks in full; the command is `freecp data verify`."""

from .folders import FolderVerification, verify_folder
from .verifying import Verification, verify_benchmark

__all__ = ["FolderVerification", "Verification", "verify_benchmark", "verify_folder"]
