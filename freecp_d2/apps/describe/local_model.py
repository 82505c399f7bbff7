"""Answers from a `transformers` model on this machine, batch by batch."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from .instructions import Question
from .run import Failure

__all__ = ["VICUNA", "LocalModel"]

VICUNA = "lmsys/vicuna-13b-v1.5"
"""The paper's model (Sec. 4.2)."""

# The conversation of Vicuna 1.1 and 1.5, whose tokenizer brings no template of its own:
# https://github.com/lm-sys/FastChat/blob/main/docs/vicuna_weights_version.md (Apache-2.0)
_VICUNA_CHAT = (
    "A chat between a curious user and an artificial intelligence assistant. The assistant gives "
    "helpful, detailed, and polite answers to the user's questions. USER: {prompt} ASSISTANT:"
)


class LocalModel:
    """
    A causal language model; it is loaded when it is first asked.

    Attributes:
        model: its name, for the provenance.
    """

    def __init__(
        self,
        model: str = VICUNA,
        *,
        device: str = "",
        batch_size: int = 8,
        max_new_tokens: int = 400,
        temperature: float = 0.7,
        seed: int = 0,
    ) -> None:
        """
        Args:
            model: of Hugging Face, or a folder.
            device: "": a GPU if there is one. There the weights are in bfloat16 (26 GB for 13b), on
                a CPU in float32.
            batch_size: questions at a time.
            max_new_tokens: of an answer; five sentences have about 200.
            temperature: 0.0 takes the likeliest token; asking again then gives the same.
            seed: of the draws; the same questions in the same order give the same answers.

        Raises:
            ValueError: a number out of its range, or a device that is not there.
        """
        if batch_size < 1 or max_new_tokens < 1 or temperature < 0:
            raise ValueError(
                f"got batch_size {batch_size}, max_new_tokens {max_new_tokens} and temperature "
                f"{temperature}, expected at least 1, 1 and 0.0; correct them."
            )
        self.model = str(Path(model).expanduser()) if model.startswith("~") else model
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        _check_device(self._device)
        self._batch_size, self._max_new_tokens = batch_size, max_new_tokens
        self._temperature, self._seed = temperature, seed
        self._loaded: tuple[Any, Any] | None = None

    def answers(self, questions: Sequence[Question]) -> Iterator[tuple[Question, str | Failure]]:
        """
        Answers in the order of the questions.

        Raises:
            ImportError: `transformers` is not installed.
            OSError: there is no such model, it cannot be downloaded, or it cannot read questions.
        """
        tokenizer, model = self._load()
        for start in range(0, len(questions), self._batch_size):
            batch = questions[start : start + self._batch_size]
            texts = self._generate(tokenizer, model, [question.prompt for question in batch])
            yield from zip(batch, texts, strict=True)

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is not None:
            return self._loaded
        try:
            import transformers
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError as error:
            raise ImportError(
                "A local model needs transformers, which is not installed; pip install "
                "transformers, or use --endpoint."
            ) from error
        if self.model.startswith((".", "/")) and not Path(self.model).is_dir():
            raise FileNotFoundError(f"No folder {self.model} of a model; correct --local.")
        dtype = torch.float32 if self._device == "cpu" else torch.bfloat16
        named: dict[str, Any] = {_dtype_argument(transformers.__version__): dtype}
        try:
            tokenizer = AutoTokenizer.from_pretrained(self.model, padding_side="left")
            model: Any = AutoModelForCausalLM.from_pretrained(self.model, **named)
        except (ValueError, KeyError) as error:
            raise OSError(
                f"{self.model}: got {error}, expected a causal language model that transformers "
                f"{transformers.__version__} knows; correct --local."
            ) from error
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
        if tokenizer.pad_token is None:
            raise OSError(
                f"{self.model}: the tokenizer has no pad, unk or eos token, expected one to fill "
                "up batches; use another model, or correct its tokenizer_config.json."
            )
        self._loaded = tokenizer, model.to(self._device).eval()
        torch.manual_seed(self._seed)
        return self._loaded

    @torch.inference_mode()
    def _generate(self, tokenizer: Any, model: Any, prompts: Sequence[str]) -> list[str]:
        has_template = bool(getattr(tokenizer, "chat_template", None))
        texts = [_in_template(tokenizer, prompt) if has_template else prompt for prompt in prompts]
        if not has_template:
            texts = [_VICUNA_CHAT.replace("{prompt}", prompt) for prompt in prompts]
        batch = tokenizer(
            texts, return_tensors="pt", padding=True, add_special_tokens=not has_template
        ).to(self._device)
        self._check_context(model, batch["input_ids"].shape[1])
        draw: dict[str, Any] = {"do_sample": False}
        if self._temperature:
            draw = {"do_sample": True, "temperature": self._temperature}
        output = model.generate(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            max_new_tokens=self._max_new_tokens,
            pad_token_id=tokenizer.pad_token_id,
            **draw,
        )
        new = output[:, batch["input_ids"].shape[1] :]
        return tokenizer.batch_decode(new, skip_special_tokens=True)

    def _check_context(self, model: Any, num_tokens: int) -> None:
        """Whether the model's positions are enough for prompt and answer."""
        most = getattr(model.config, "max_position_embeddings", None)
        needed = num_tokens + self._max_new_tokens
        if most is not None and most < needed:
            raise OSError(
                f"{self.model} reads {most} tokens, expected at least {needed}: {num_tokens} of a "
                f"question and {self._max_new_tokens} of its answer; lower --max-new-tokens, or "
                "use a model with a longer context."
            )


def _check_device(device: str) -> None:
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # the latter: PyTorch without CUDA
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"got the device {device} ({reason}), expected one that is there, such as cpu or cuda; "
            "correct --device."
        ) from error


def _dtype_argument(version: str) -> str:
    """What `from_pretrained` of that version of `transformers` calls the type of the weights."""
    major, minor = (int(part) for part in version.split(".")[:2])
    return "dtype" if (major, minor) >= (4, 56) else "torch_dtype"


def _in_template(tokenizer: Any, prompt: str) -> str:
    """A prompt as the model's own template has it."""
    messages = [{"role": "user", "content": prompt}]
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
