"""Answers from a `transformers` model on this machine, batch by batch."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from ...utils.imports import require_library
from .questions import VICUNA, Question

# The conversation of Vicuna 1.1 and 1.5, whose tokenizer has no chat template:
# https://github.com/lm-sys/FastChat/blob/main/docs/vicuna_weights_version.md (Apache-2.0)
_VICUNA_CHAT = (
    "{{ bos_token }}A chat between a curious user and an artificial intelligence assistant. The "
    "assistant gives helpful, detailed, and polite answers to the user's questions. USER: "
    "{{ messages[0]['content'] }} ASSISTANT:"
)


class LocalModel:
    """
    A causal language model, loaded when the first question is asked.

    Args:
        model: name on Hugging Face, or a folder.
        device: "": a GPU if there is one. Weights are bfloat16 (13b: 26 GB), on a CPU float32.
        max_new_tokens: of an answer; five sentences have about 200.
        temperature: 0.0 takes the likeliest token, so asking again gives the same answer.

    Raises:
        ImportError: `transformers` is not installed.
        ValueError: a number is out of range, or there is no such device.
    """

    def __init__(
        self,
        model: str = VICUNA,
        *,
        device: str = "",
        batch_size: int = 8,
        max_new_tokens: int = 400,
        temperature: float = 0.7,
    ) -> None:
        require_library("transformers", extra="all", user="--local")
        if batch_size < 1 or max_new_tokens < 1 or temperature < 0:
            raise ValueError(
                f"got batch_size {batch_size}, max_new_tokens {max_new_tokens} and temperature "
                f"{temperature}, expected at least 1, 1 and 0.0; correct them."
            )
        self.origin, self.model = "on this machine", model
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        try:
            torch.empty(0, device=self._device)
        except (RuntimeError, AssertionError) as error:  # AssertionError: PyTorch without CUDA
            raise ValueError(
                f"got --device {device}, which this machine lacks; use cpu."
            ) from error
        self._batch_size = batch_size
        self._generation: dict[str, Any] = {
            "max_new_tokens": max_new_tokens,
            "do_sample": temperature > 0,
            "temperature": temperature or None,
            "return_full_text": False,
        }
        self._pipeline: Any = None

    def answers(self, questions: Sequence[Question]) -> Iterator[tuple[Question, str]]:
        """Answer in the order of the questions; OSError: there is no such model."""
        self._pipeline = self._pipeline or self._load()
        for start in range(0, len(questions), self._batch_size):
            batch = questions[start : start + self._batch_size]
            chats = [[{"role": "user", "content": question.prompt}] for question in batch]
            answers = self._pipeline(chats, batch_size=len(batch), **self._generation)
            for question, (answer,) in zip(batch, answers, strict=True):
                yield question, answer["generated_text"]

    def _load(self) -> Any:
        from transformers import AutoModelForCausalLM, AutoTokenizer, TextGenerationPipeline

        dtype = torch.float32 if self._device == "cpu" else torch.bfloat16
        try:
            tokenizer = AutoTokenizer.from_pretrained(self.model, padding_side="left")
            # `dtype` is the name since transformers 4.56, which still accepts the old one.
            model = AutoModelForCausalLM.from_pretrained(self.model, torch_dtype=dtype)
        except (OSError, ValueError, KeyError) as error:
            raise OSError(
                f"{self.model}: got {error}, expected a causal language model; correct --local."
            ) from error
        tokenizer.pad_token = tokenizer.pad_token or tokenizer.unk_token or tokenizer.eos_token
        tokenizer.chat_template = tokenizer.chat_template or _VICUNA_CHAT
        torch.manual_seed(0)  # the same questions give the same answers again
        return TextGenerationPipeline(model=model, tokenizer=tokenizer, device=self._device)
