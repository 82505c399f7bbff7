"""
The subset of CLIP's byte pair encoding that tokenizes given texts as CLIP does.

A word is encoded by applying the first merge that fits until none fits. A subset that has all
merges that CLIP applies to the word makes the same steps.
"""

import gzip
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from freecp_d2.text.tokenizer import load_bpe
from freecp_d2.utils.clip_library import import_simple_tokenizer

Merge = tuple[str, str]


class _Applied(dict[Merge, int]):
    """Ranks of merges; records the merges that `bpe` applies, which it tests with `in`."""

    def __init__(self, ranks: dict[Merge, int]) -> None:
        super().__init__(ranks)
        self.applied: set[Merge] = set()

    def __contains__(self, merge: object) -> bool:
        found = super().__contains__(merge)
        if found:
            self.applied.add(merge)  # type: ignore[arg-type]
        return found


def merges_for(texts: Iterable[str]) -> list[Merge]:
    """
    The merges of CLIP's own file that its tokenizer applies to these texts, in the file's order.

    A tokenizer with these merges splits every word of the texts as CLIP's does, in any text.
    """
    tokenizer = load_bpe(import_simple_tokenizer().default_bpe())  # of its own, to be changed
    ranks = tokenizer.bpe_ranks = _Applied(tokenizer.bpe_ranks)
    for text in texts:
        tokenizer.encode(text)
    return sorted(ranks.applied, key=ranks.__getitem__)


def num_tokens(merges: Sequence[Merge]) -> int:
    """Size of the vocabulary: bytes inside and at the end of a word, merges, start and end."""
    return 2 * 256 + len(merges) + 2


def write_merges(path: str | Path, merges: Sequence[Merge]) -> None:
    """
    Write merges for `clip.simple_tokenizer.SimpleTokenizer(bpe_path=path)`.

    The format is gzip of UTF-8: a line "#version: 0.2", then one merge a line, its two symbols
    separated by a blank. The last line has no newline, because an empty line would count as a merge
    and shift the ids of the start and end tokens. Equal merges give equal bytes.
    """
    lines = ["#version: 0.2", *(" ".join(merge) for merge in merges)]
    content = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, content, mtime=0) as file:  # without name and time
        file.write("\n".join(lines).encode())
    Path(path).write_bytes(content.getvalue())
