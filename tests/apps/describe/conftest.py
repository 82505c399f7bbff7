"""A server of the test's own, reached without a proxy."""

import pytest

from freecp_d2.apps.describe.collection import Collection
from freecp_d2.apps.describe.questions import INSTRUCTIONS, Senses
from freecp_d2.text import Vocabulary

from .server import serve


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture
def server():
    with serve() as found:
        yield found


@pytest.fixture
def collect():
    """Makes a collection of words that are a vocabulary."""

    def make(*words, instructions=INSTRUCTIONS, context=""):
        vocabulary = Vocabulary("test", tuple((word,) for word in words))
        return Collection(words, Senses(vocabulary, context), instructions)

    return make
