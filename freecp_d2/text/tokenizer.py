"""
CLIP's tokenizer with its own merges or another file of merges.

Shape letters: `B` prompts, `T` tokens a prompt (77 in CLIP).
"""

import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..utils.clip_library import import_simple_tokenizer

if TYPE_CHECKING:
    from torch import Tensor


def load_bpe(merges: str = "") -> Any:
    """
    A `clip.simple_tokenizer.SimpleTokenizer` with the merges of a file; "": CLIP's own, which are
    read once.
    """
    return import_simple_tokenizer().SimpleTokenizer(merges) if merges else _own_bpe()


@cache
def _own_bpe() -> Any:
    library = import_simple_tokenizer()
    return library.SimpleTokenizer(library.default_bpe())


class CLIPTokenizer:
    """
    `clip.tokenize` with the merges of any file.

    The ids are those of `clip.simple_tokenizer`: 256 bytes inside a word and 256 at its end, one
    per merge, the start token and the end token.

    Args:
        merges: gzip of UTF-8: a line that is ignored, then a line per merge, two symbols separated
            by a space, without a newline at the end; "": CLIP's own.
        context_length: T, unless a call gives another.
    """

    def __init__(self, merges: str = "", context_length: int = 77) -> None:
        if merges and not Path(merges).is_file():
            raise FileNotFoundError(
                f'No file of merges "{merges}"; correct the path (MODEL.CLIP.MERGES), or give none '
                "for CLIP's own."
            )
        try:
            self._bpe = load_bpe(merges)
        except (OSError, EOFError, ValueError, zlib.error) as error:
            raise ValueError(
                f"{merges}: expected gzip of UTF-8 text, got: {error}; give a file like CLIP's own "
                "bpe_simple_vocab_16e6.txt.gz."
            ) from error
        self.context_length = context_length
        self.start: int = self._bpe.encoder["<|startoftext|>"]
        self.end: int = self._bpe.encoder["<|endoftext|>"]
        for line, merge in enumerate(self._bpe.bpe_ranks, start=2):
            if len(merge) != 2:
                raise ValueError(
                    f'{merges}, line {line}: got "{" ".join(merge)}", expected two symbols apart '
                    "by a blank; correct it. The file must end with its last merge: an empty line, "
                    "also after the last newline, counts as a merge."
                )
        if len(self._bpe.encoder) != self.num_tokens:
            raise ValueError(
                f"{merges}: got {len(self._bpe.encoder)} different tokens, expected "
                f"{self.num_tokens}, one per merge; delete lines that make the same token."
            )

    @property
    def num_tokens(self) -> int:
        """Number of rows of the model's token embedding."""
        return self.end + 1

    def __call__(self, texts: str | Sequence[str], context_length: int | None = None) -> "Tensor":
        """
        Start token, text, end token and zeros for each of B prompts; int64, shape (B, T).

        Longer prompts are cut before the end token; a bare string is one prompt. `context_length`
        is T, if it is another.
        """
        import torch  # not above: `freecp words` needs the merges alone

        length = context_length or self.context_length
        texts = [texts] if isinstance(texts, str) else texts
        result = torch.zeros(len(texts), length, dtype=torch.int64)
        for row, text in zip(result, texts, strict=True):
            tokens = [self.start, *self._bpe.encode(text)[: length - 2], self.end]
            row[: len(tokens)] = torch.tensor(tokens)
        return result
