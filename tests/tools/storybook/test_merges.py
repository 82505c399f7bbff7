"""Subsets of CLIP's merges tokenize as CLIP does, and are written in CLIP's format."""

import gzip
import re
from pathlib import Path

import pytest
from clip.simple_tokenizer import SimpleTokenizer, default_bpe

from freecp_d2.text import get_templates, load_vocabulary
from tests.helpers.merges import merges_for, write_merges

NUM_MERGES = 49152 - 256 - 2  # that CLIP's tokenizer reads
WORDS = load_vocabulary("ade20k").words
TEXTS = [
    *WORDS,
    *(template.replace("{}", WORDS[0]) for template in get_templates("imagenet")),
    "It's the CLIP's 1st café &amp; 23 naïve zebras, isn't it?! <|endoftext|>",
    "日本の猫 🐈‍⬛ Ωμέγα",
]


def own_merges():
    lines = gzip.decompress(Path(default_bpe()).read_bytes()).decode().split("\n")
    return [tuple(line.split()) for line in lines[1 : NUM_MERGES + 1]]


def pieces(tokenizer, text):
    return [tokenizer.decoder[i] for i in tokenizer.encode(text)]


@pytest.fixture(scope="module")
def whole():
    return SimpleTokenizer()


@pytest.fixture(scope="module")
def merges():
    return merges_for(TEXTS)


@pytest.fixture(scope="module")
def subset(merges, tmp_path_factory):
    path = tmp_path_factory.mktemp("merges") / "merges.txt.gz"
    write_merges(path, merges)
    return SimpleTokenizer(bpe_path=str(path))


class TestMergesFor:
    def test_hand_computed(self):
        order = own_merges()
        assert order.index(("a", "t</w>")) < order.index(("c", "a")) < order.index(("c", "at</w>"))
        assert merges_for(["cat"]) == [("a", "t</w>"), ("c", "at</w>")]
        assert merges_for([]) == merges_for(["", " ", "a b c 1 2"]) == []

    def test_they_are_clips_own_in_order(self, merges):
        order = {merge: i for i, merge in enumerate(own_merges())}
        ranks = [order[merge] for merge in merges]
        assert ranks == sorted(set(ranks))
        assert 200 < len(merges) < 2000
        assert merges_for(reversed(TEXTS)) == merges_for([*TEXTS, *TEXTS]) == merges

    def test_texts_are_split_as_by_clip(self, subset, whole):
        """Also other texts of their words."""
        for text in TEXTS:
            assert pieces(subset, text) == pieces(whole, text)
            assert subset.decode(subset.encode(text)) == whole.decode(whole.encode(text))
        words = sorted({word for text in WORDS for word in re.findall(r"[a-z]+", text.lower())})
        assert len(words) > 100
        for first, second in zip(words, reversed(words), strict=True):
            text = f"{first}, {second.upper()}"
            assert pieces(subset, text) == pieces(whole, text)


def test_equal_merges_equal_bytes(merges, tmp_path):
    for name in ("a.gz", "b.gz"):
        write_merges(tmp_path / name, merges)
    content = (tmp_path / "a.gz").read_bytes()
    assert content == (tmp_path / "b.gz").read_bytes()
    assert content[3] == 0  # no name
    assert content[4:8] == bytes(4)  # no time
