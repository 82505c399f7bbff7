"""A language model of random weights answers in batches; its sentences are no descriptions."""

import pytest
import torch

from freecp_d2.apps.describe.checks import Validator
from freecp_d2.apps.describe.collection import Collection
from freecp_d2.apps.describe.local_model import VICUNA, LocalModel

from . import tiny_model

pytest.importorskip("transformers")


@pytest.fixture(scope="module", params=[True, False], ids=["template", "vicuna"])
def folder(request, tmp_path_factory):
    return tiny_model.make(tmp_path_factory.mktemp("tiny"), chat_template=request.param)


def local(folder, **changed):
    return LocalModel(folder, **{"device": "cpu", "batch_size": 2, "max_new_tokens": 8} | changed)


@pytest.fixture
def questions():
    return Collection(["cat", "traffic light"], Validator()).questions()


def test_every_question_is_answered(folder, questions):
    source = local(folder, batch_size=4)  # 4 and 2
    answers = list(source.answers(questions))
    assert [question for question, _ in answers] == questions
    assert source.model == folder
    assert not any(question.prompt in answer or "USER" in answer for question, answer in answers)
    assert answers == list(local(folder, batch_size=4).answers(questions))  # the same again


def test_answers_come_batch_by_batch(folder, questions, monkeypatch):
    batches = []
    generate = LocalModel._generate

    def counted(self, tokenizer, model, prompts):
        batches.append(len(prompts))
        return generate(self, tokenizer, model, prompts)

    monkeypatch.setattr(LocalModel, "_generate", counted)
    answers = local(folder).answers(questions)
    next(answers)
    assert batches == [2]
    list(answers)
    assert batches == [2, 2, 2]


def test_a_batch_does_not_change_the_likeliest_answer(folder, questions):
    alone = local(folder, batch_size=1, temperature=0.0).answers(questions)
    together = local(folder, batch_size=6, temperature=0.0).answers(questions)
    assert list(alone) == list(together)


def test_unusable_folders(tmp_path, questions):
    """Nothing is loaded before the first question."""
    assert LocalModel().model == VICUNA
    for folder, error in ((tmp_path, OSError), (tmp_path / "none", FileNotFoundError)):
        answers = local(str(folder)).answers(questions)
        with pytest.raises(error, match="--local"):
            list(answers)


def test_the_type_of_the_weights_for_older_transformers(folder, questions, monkeypatch):
    """4.45 is the oldest version that pyproject.toml allows; before 4.56 `dtype` is unknown."""
    import transformers

    given = {}
    load = transformers.AutoModelForCausalLM.from_pretrained

    def old(name, *, torch_dtype):
        given["torch_dtype"] = torch_dtype
        return load(name, dtype=torch_dtype)

    monkeypatch.setattr(transformers, "__version__", "4.45.2")
    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", old)
    assert len(list(local(folder).answers(questions[:1]))) == 1
    assert given == {"torch_dtype": torch.float32}


def test_unusable_arguments(folder, questions):
    for wrong in ({"batch_size": 0}, {"max_new_tokens": 0}, {"temperature": -1.0}):
        with pytest.raises(ValueError, match="batch_size"):
            LocalModel(**wrong)
    for device in ("foo", "cuda:99"):
        with pytest.raises(ValueError, match=rf"{device} .*--device"):
            LocalModel(device=device)
    with pytest.raises(OSError, match=r"1024 tokens.*--max-new-tokens"):
        list(local(folder, max_new_tokens=1020).answers(questions[:1]))
