"""CLIPTokenizer: with CLIP's merges it is `clip.tokenize`, with a subset it keeps its habits."""

import gzip

import clip
import pytest
import torch

from freecp_d2.data.storybook.merges import merges_for, write_merges
from freecp_d2.text import CLIPTokenizer, get_templates

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


@pytest.fixture(scope="module")
def merges():
    return merges_for(["a photo of a cat.", "two sailboats on the sea"])


@pytest.fixture(scope="module")
def small(merges, tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "merges.txt.gz"
    write_merges(path, merges)
    return CLIPTokenizer(str(path))


class TestWhole:
    @pytest.mark.parametrize("length", [77, 12, 3])
    def test_it_is_clips(self, whole, length):
        expected = clip.tokenize(TEXTS, context_length=length, truncate=True)
        found = whole(TEXTS, context_length=length)
        assert torch.equal(found, expected)
        assert found.dtype == expected.dtype == torch.int64

    def test_a_bare_string_is_one_prompt(self, whole):
        assert torch.equal(whole("a cat"), clip.tokenize("a cat"))

    def test_vocabulary(self, whole):
        assert (whole.num_tokens, whole.start, whole.end) == (49408, 49406, 49407)


class TestSmall:
    def test_vocabulary(self, small, merges):
        assert small.num_tokens == 512 + len(merges) + 2
        assert (small.start, small.end) == (small.num_tokens - 2, small.num_tokens - 1)

    @pytest.mark.parametrize("text", TEXTS)
    def test_any_text(self, small, text):
        (row,) = small([text])
        end = int(row.argmax())  # how the text tower finds it
        assert row.shape == (77,)
        assert row[0] == small.start
        assert row[end] == small.end
        assert row.max() < small.num_tokens
        if "<|endoftext|>" not in text:
            assert not row[end + 1 :].any()

    def test_words_it_knows_have_as_many_pieces(self, small, whole):
        texts = ["a photo of two cat sailboats", "the sea."]
        assert torch.equal(small(texts).argmax(1), whole(texts).argmax(1))

    def test_words_it_does_not_have_more(self, small, whole):
        assert small(["xylophone"]).argmax() > whole(["xylophone"]).argmax()

    def test_lengths(self, small):
        assert small([]).shape == (0, 77)
        cut = small(["cat " * 9], context_length=5)
        assert cut.shape == (1, 5)
        assert cut[0, -1] == small.end
        with pytest.raises(
            ValueError, match=r"got 11 tokens, expected at most 5; shorten 'cat cat"
        ):
            small(["cat " * 9], context_length=5, truncate=False)
        assert small(["cat cat cat"], context_length=5, truncate=False)[0, -1] == small.end


ZIPPED = gzip.compress(b"#version\na b", mtime=0)


class TestBadFiles:
    def test_missing(self):
        with pytest.raises(FileNotFoundError, match=r'"no/such\.gz".*MODEL\.CLIP\.MERGES'):
            CLIPTokenizer("no/such.gz")

    @pytest.mark.parametrize("content", [b"a b\n", ZIPPED[:-9], ZIPPED[:10] + b"~~" + ZIPPED[12:]])
    def test_no_gzip_of_text(self, tmp_path, content):
        path = tmp_path / "merges.gz"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"merges\.gz: expected gzip of UTF-8"):
            CLIPTokenizer(str(path))

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("#version\na b\n", 'line 3: got "", expected two symbols.*after the last newline'),
            ("#version\na b c", 'line 2: got "a b c", expected two'),
            ("#version\na b\nab", 'line 3: got "ab", expected two'),
            ("#version\na b\na b", "got 515 different tokens, expected 516"),
            ("#version\nc d\na bc\nab c", "got 516 different tokens, expected 517"),
        ],
    )
    def test_no_merges(self, tmp_path, text, message):
        path = tmp_path / "merges.gz"
        path.write_bytes(gzip.compress(text.encode()))
        with pytest.raises(ValueError, match=rf"merges\.gz.*{message}"):
            CLIPTokenizer(str(path))

    def test_not_utf8(self, tmp_path):
        path = tmp_path / "merges.gz"
        path.write_bytes(gzip.compress("#\né a".encode("latin-1")))
        with pytest.raises(ValueError, match="expected gzip of UTF-8"):
            CLIPTokenizer(str(path))
