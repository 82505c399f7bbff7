"""A language model of random weights answers in batches; its sentences are no descriptions."""

import pytest

from freecp_d2.apps.describe.local_model import LocalModel

from . import tiny_model

pytest.importorskip("transformers")


def local(folder, **changed):
    return LocalModel(folder, **{"device": "cpu", "batch_size": 4, "max_new_tokens": 8} | changed)


@pytest.mark.parametrize("chat_template", [True, False], ids=["template", "vicuna"])
def test_every_question_is_answered(tmp_path, collect, chat_template):
    folder = tiny_model.make(tmp_path, chat_template=chat_template)
    questions = collect("cat", "traffic light").questions()  # batches of 4 and 2
    answers = list(local(folder).answers(questions))
    assert [question for question, _ in answers] == questions
    assert not any(question.prompt in answer or "USER" in answer for question, answer in answers)
    assert answers == list(local(folder).answers(questions))  # the same again


def test_unusable_folders(tmp_path, collect):
    for folder in (tmp_path, tmp_path / "none"):
        answers = local(str(folder)).answers(collect("cat").questions())
        with pytest.raises(OSError, match="--local"):
            list(answers)


def test_unusable_arguments():
    for wrong in ({"batch_size": 0}, {"max_new_tokens": 0}, {"temperature": -1.0}):
        with pytest.raises(ValueError, match="batch_size"):
            LocalModel(**wrong)
    for device in ("foo", "cuda:99"):
        with pytest.raises(ValueError, match=f"--device {device}"):
            LocalModel(device=device)
