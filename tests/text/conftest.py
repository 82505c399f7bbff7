"""Fixtures of the text tests: a tiny encoder, and the log of the package."""

import logging
from collections.abc import Iterator

import clip
import pytest

from freecp_d2.text.text_encoder import TextEncoder

from .tiny_text_models import make_clip


@pytest.fixture
def encoder() -> TextEncoder:
    return TextEncoder(make_clip(), clip.tokenize)


class _Warnings(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warnings: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.warnings.append(record.getMessage())


@pytest.fixture
def log() -> Iterator[_Warnings]:
    """Warnings of the `freecp_d2` logger, even if another test stopped its propagation."""
    logger, handler = logging.getLogger("freecp_d2"), _Warnings()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)
