"""A language model of random weights answers in batches; its sentences are no descriptions."""

import pytest

from freecp_d2.apps.describe.checks import Validator
from freecp_d2.apps.describe.collection import Collection
from freecp_d2.apps.describe.local_model import LocalModel
from freecp_d2.apps.describe.questions import VICUNA

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


def test_unusable_folders(tmp_path, questions):
    """Nothing is loaded before the first question."""
    assert LocalModel().model == VICUNA
    for folder in (tmp_path, tmp_path / "none"):
        answers = local(str(folder)).answers(questions)
        with pytest.raises(OSError, match="--local"):
            list(answers)


def test_unusable_arguments():
    for wrong in ({"batch_size": 0}, {"max_new_tokens": 0}, {"temperature": -1.0}):
        with pytest.raises(ValueError, match="batch_size"):
            LocalModel(**wrong)
    for device in ("foo", "cuda:99"):
        with pytest.raises(ValueError, match=rf"{device} .*--device"):
            LocalModel(device=device)
