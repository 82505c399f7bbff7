"""Verify the files of the benchmarks in full; the command is `freecp data verify`."""

from .verifying import FolderVerification, Verification, verify_benchmark, verify_folder

__all__ = ["FolderVerification", "Verification", "verify_benchmark", "verify_folder"]
