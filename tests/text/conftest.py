"""Fixtures of the text tests: a tiny encoder, and what the package logs."""

import functools
import logging
from collections.abc import Iterator

import clip
import open_clip
import pytest

from freecp_d2.text import TextEncoder

from .tiny_text_models import make_clip


@pytest.fixture(scope="session")
def open_clip_tokenizer():
    return open_clip.get_tokenizer("ViT-B-16")


@pytest.fixture
def encoder() -> TextEncoder:
    return TextEncoder(make_clip(), clip.tokenize)


class _Messages(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.records: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append((record.levelname, record.getMessage()))

    def at(self, level: str) -> list[str]:
        return [message for name, message in self.records if name == level]

    warnings = property(functools.partial(at, level="WARNING"))
    infos = property(functools.partial(at, level="INFO"))


@pytest.fixture
def log() -> Iterator[_Messages]:
    """What the `freecp_d2` logger gets, even where another test stopped its propagation."""
    logger, handler = logging.getLogger("freecp_d2"), _Messages()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
