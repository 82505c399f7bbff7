"""Answers from a `transformers` model on this machine, batch by batch."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch

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
                f"got the device {device} ({str(error).splitlines()[0]}); correct --device."
            ) from error
        self._batch_size, self._max_new_tokens = batch_size, max_new_tokens
        self._temperature = temperature
        self._loaded: tuple[Any, Any] | None = None

    def answers(self, questions: Sequence[Question]) -> Iterator[tuple[Question, str]]:
        """
        Answer in the order of the questions.

        Raises:
            ImportError: `transformers` is not installed.
            OSError: there is no such model, or it cannot be downloaded.
        """
        self._loaded = self._loaded or self._load()
        for start in range(0, len(questions), self._batch_size):
            batch = questions[start : start + self._batch_size]
            texts = self._generate(*self._loaded, [question.prompt for question in batch])
            yield from zip(batch, texts, strict=True)

    def _load(self) -> tuple[Any, Any]:
        try:
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError as error:
            raise ImportError(
                "A local model needs transformers, which is not installed; pip install "
                "transformers, or use --endpoint."
            ) from error
        dtype = torch.float32 if self._device == "cpu" else torch.bfloat16
        try:
            tokenizer = AutoTokenizer.from_pretrained(self.model, padding_side="left")
            # `dtype` is the name since transformers 4.56, which still accepts the old one.
            model: Any = AutoModelForCausalLM.from_pretrained(self.model, torch_dtype=dtype)
        except (OSError, ValueError, KeyError) as error:
            raise OSError(
                f"{self.model}: got {error}, expected a causal language model; correct --local."
            ) from error
        tokenizer.pad_token = tokenizer.pad_token or tokenizer.unk_token or tokenizer.eos_token
        tokenizer.chat_template = tokenizer.chat_template or _VICUNA_CHAT
        torch.manual_seed(0)  # the same questions give the same answers again
        return tokenizer, model.to(self._device).eval()

    @torch.inference_mode()
    def _generate(self, tokenizer: Any, model: Any, prompts: Sequence[str]) -> list[str]:
        batch = tokenizer.apply_chat_template(
            [[{"role": "user", "content": prompt}] for prompt in prompts],
            add_generation_prompt=True,
            padding=True,
            return_dict=True,
            return_tensors="pt",
        ).to(self._device)
        output = model.generate(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            max_new_tokens=self._max_new_tokens,
            pad_token_id=tokenizer.pad_token_id,
            do_sample=self._temperature > 0,
            temperature=self._temperature or None,
        )
        texts = output[:, batch["input_ids"].shape[1] :]
        return tokenizer.batch_decode(texts, skip_special_tokens=True)
