"""When a server is worth no more questions, and when that cannot be told yet."""

import pytest

from freecp_d2.apps.describe import Question
from freecp_d2.apps.describe.health import Health
from freecp_d2.apps.describe.run import Failure

FAILED, REJECTED = Failure("503"), Failure("400", is_final=True)


def health(*results, most=3, **options):
    """After so many results, each of another word."""
    found = Health("http://x", most, **options)
    for number, answer in enumerate(results):
        found.note(Question(f"w{number}", 0, "{word}", 5), answer)
    return found


@pytest.mark.parametrize(
    "results",
    [(), (FAILED, FAILED), (FAILED, FAILED, "", FAILED), (REJECTED, REJECTED, FAILED),
     ("", *(REJECTED,) * 9), (*(REJECTED,) * 9, "")],
)  # fmt: skip
def test_well(results):
    assert health(*results).error(0, 9) is None
    assert not health(*results).is_in_doubt


def test_gone():
    error = health(FAILED, REJECTED, FAILED, FAILED).error(5, 9)
    assert "http://x: 3 questions in a row failed, the last one: 503; see whether" in str(error)


def test_one_question_alone_is_reported_by_itself():
    assert health(FAILED, most=1).error(0, 9) is None


def test_all_rejected():
    found = health(REJECTED, FAILED, REJECTED, REJECTED)
    assert found.is_in_doubt
    assert found.error(1, 9) is None  # it may be answered
    assert found.error(0, 0) is None  # there is nothing to stop
    assert "about 3 words ('w0', 'w2', 'w3') were rejected, the last one: 400; correct" in str(
        found.error(0, 9)
    )


def test_one_word_is_not_all():
    found = Health("http://x", 3)
    for number in range(9):
        found.note(Question("gun", number, "{word}", 5), REJECTED)
    assert found.error(0, 9) is None


def test_what_was_answered_before_counts():
    assert health(*(REJECTED,) * 9, has_answered=True).error(0, 9) is None
