"""CLIPTokenizer equals `clip.tokenize` with CLIP's merges, and works with a subset of them."""

import gzip

import clip
import pytest
import torch

from freecp_d2.text import CLIPTokenizer, get_templates
from tests.helpers.merges import merges_for, write_merges

TEXTS = [
    "",
    "a cat",
    "A photo of the CLIP's 1st café, isn't it?",
    "word " * 75,  # fits to the last token
    "word " * 200,
    "日本の猫 🐈‍⬛ Ωμέγα \u0000 \ufffd \ud800 &lt;b&gt;",
    "tabs\tand\nlines",
    "<|startoftext|> <|endoftext|>",
    *(template.replace("{}", "traffic light") for template in get_templates("imagenet")),
]


@pytest.fixture(scope="module")
def whole():
    return CLIPTokenizer()


def test_clips_merges_give_the_ids_of_clip(whole):
    for length in (77, 12, 3):
        expected = clip.tokenize(TEXTS, context_length=length, truncate=True)
        found = whole(TEXTS, context_length=length)
        assert torch.equal(found, expected)
        assert found.dtype == expected.dtype == torch.int64
    assert torch.equal(whole("a cat"), clip.tokenize("a cat"))
    assert (whole.num_tokens, whole.start, whole.end) == (49408, 49406, 49407)


def test_small_vocabulary_encodes_any_text(whole, tmp_path):
    merges = merges_for(["a photo of a cat.", "two sailboats on the sea"])
    write_merges(tmp_path / "merges.txt.gz", merges)
    small = CLIPTokenizer(str(tmp_path / "merges.txt.gz"))
    assert small.num_tokens == 512 + len(merges) + 2
    assert (small.start, small.end) == (small.num_tokens - 2, small.num_tokens - 1)
    for text in TEXTS:
        (row,) = small([text])
        end = int(row.argmax())  # where the text tower finds it
        assert row.shape == (77,)
        assert (row[0], row[end]) == (small.start, small.end)
        assert row.max() < small.num_tokens
        assert "<|endoftext|>" in text or not row[end + 1 :].any()
    texts = ["a photo of two cat sailboats", "the sea."]
    assert torch.equal(small(texts).argmax(1), whole(texts).argmax(1))
    assert small(["xylophone"]).argmax() > whole(["xylophone"]).argmax(), "an unknown word is split"


def test_missing_and_damaged_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'"no/such\.gz".*MODEL\.CLIP\.MERGES'):
        CLIPTokenizer("no/such.gz")
    path = tmp_path / "merges.gz"
    good = gzip.compress(b"#\na b", mtime=0)
    not_gzip = (b"a b\n", good[:-9], good[:10] + b"~~" + good[12:], gzip.compress(b"#\n\xe9 a"))
    for content, message in (
        *((content, "expected gzip of UTF-8") for content in not_gzip),
        (gzip.compress(b"#\na b\n"), 'line 3: got "", expected two symbols'),
        (gzip.compress(b"#\na b c"), 'line 2: got "a b c", expected two'),
        (gzip.compress(b"#\na b\na b"), "got 515 different tokens, expected 516"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"merges\.gz.*{message}"):
            CLIPTokenizer(str(path))
