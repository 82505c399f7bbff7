"""A language model of random weights answers, in batches; what it says is no description."""

import pytest
import torch

from freecp_d2.apps.describe import Collection, Journal, LocalModel, Validator, describe
from freecp_d2.apps.describe.local_model import VICUNA, _dtype_argument

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
    assert all(isinstance(answer, str) for _, answer in answers)
    assert source.model == folder


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


def test_a_seed_gives_the_same_again(folder, questions):
    first = list(local(folder, max_new_tokens=20).answers(questions))
    assert first == list(local(folder, max_new_tokens=20).answers(questions))
    assert first != list(local(folder, max_new_tokens=20, seed=1).answers(questions))


def test_the_prompt_is_not_in_the_answer(folder, questions):
    for question, answer in local(folder).answers(questions):
        assert question.prompt not in answer
        assert "USER" not in answer


def test_gibberish_is_rejected_and_reported(folder, tmp_path):
    collection = Collection(["cat"], Validator())
    journal = Journal(tmp_path / "words.json.journal")
    describe(collection, local(folder, max_new_tokens=30), journal, attempts=2)
    journal.close()
    assert collection.complete() == {}
    assert len(collection.incomplete()["cat"]) >= 6


def test_without_validation_it_fills_a_word(folder, tmp_path):
    class Anything(Validator):
        def problem(self, word, sentence, known):
            return ""

    collection = Collection(["cat"], Anything(), num_answers=1)
    journal = Journal(tmp_path / "words.json.journal")
    describe(collection, local(folder, max_new_tokens=30), journal, attempts=5)
    journal.close()
    assert len(collection.complete()["cat"]) == 3


def test_nothing_is_loaded_before_it_is_asked():
    assert LocalModel("org/no-such-model").model == "org/no-such-model"
    assert LocalModel().model == VICUNA


def test_a_folder_without_a_model(tmp_path, questions):
    with pytest.raises(OSError, match="correct --local"):
        list(local(str(tmp_path)).answers(questions))


@pytest.mark.parametrize(
    ("version", "argument"),
    [("4.45.2", "torch_dtype"), ("4.55.4", "torch_dtype"), ("4.56.0", "dtype"), ("4.57.0.dev0",
     "dtype"), ("5.24.0", "dtype")],
)  # fmt: skip
def test_the_type_of_the_weights_is_given_as_the_version_calls_it(version, argument):
    assert _dtype_argument(version) == argument


def test_an_older_version_gets_the_argument_that_it_knows(folder, questions, monkeypatch):
    """From 4.45 on, the floor of pyproject.toml; before 4.56 `dtype` is a TypeError."""
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


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"max_new_tokens": 0}, {"temperature": -1.0}])
def test_impossible_numbers(wrong):
    with pytest.raises(ValueError, match="expected at least 1, 1 and"):
        LocalModel(**wrong)


@pytest.mark.parametrize("device", ["foo", "cuda:99"])
def test_a_device_that_is_not_there(device):
    with pytest.raises(ValueError, match=rf"got the device {device} .*correct --device"):
        LocalModel(device=device)


def test_a_context_that_is_too_short(folder, questions):
    short = LocalModel(folder, device="cpu", max_new_tokens=1020)
    with pytest.raises(OSError, match=r"reads 1024 tokens, expected at least.*--max-new-tokens"):
        list(short.answers(questions[:1]))


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No folder .*/none of a model; correct --local"):
        list(
            LocalModel(str(tmp_path / "none")).answers(Collection(["cat"], Validator()).questions())
        )
