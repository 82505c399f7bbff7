"""Questions to a server: several at a time, retries, and errors that stop the run."""

import itertools
import time

import pytest

from freecp_d2.apps.describe.checks import Validator
from freecp_d2.apps.describe.collection import Collection
from freecp_d2.apps.describe.endpoint import Endpoint
from freecp_d2.apps.describe.questions import Unanswered


def endpoint(server, **options):
    defaults = {"concurrency": 4, "retries": 3, "first_wait": 0.01, "timeout": 10.0}
    return Endpoint(server.url, "m", **defaults | options)


def questions(*words):
    return Collection(words or ("cat", "dog", "cow", "owl"), Validator()).questions()


def collect(answers):
    """The answers before an error, and the error."""
    found = []
    try:
        found.extend(answers)
    except OSError as error:
        return found, error
    return found, None


def ask_one(source):
    """The answer to the first question on a cat."""
    ((_, answer),) = source.answers(questions("cat")[:1])
    return answer


def test_every_question_is_answered_once(server):
    asked = questions()
    answers = list(endpoint(server).answers(asked))
    assert {question for question, _ in answers} == set(asked)
    assert sorted(server.prompts) == sorted(question.prompt for question in asked)
    assert all(answer.count("\n") == 4 for _, answer in answers)
    assert list(endpoint(server).answers([])) == []


def test_request(server):
    source = Endpoint(f"{server.url}/chat/completions/", "m", "key", options={"temperature": 0.5})
    ask_one(source)
    messages = [{"role": "user", "content": questions("cat")[0].prompt}]
    fields = {"model": "m", "messages": messages, "stream": False, "temperature": 0.5}
    assert server.payloads == [fields]
    assert server.headers[0]["Authorization"] == "Bearer key"
    assert server.headers[0]["Content-Type"] == "application/json"
    ask_one(endpoint(server))
    assert "Authorization" not in server.headers[1]


def test_concurrency(server):
    server.delay = 0.3
    for concurrency, words in ((6, ()), (1, ("cat",))):
        server.most_in_flight = 0
        list(endpoint(server, concurrency=concurrency).answers(questions(*words)))
        assert server.most_in_flight == concurrency


def test_answers_come_one_by_one_and_stop_when_nobody_waits(server):
    answers = endpoint(server, concurrency=1).answers(questions())
    next(answers)
    assert len(server.prompts) < 12
    answers.close()
    time.sleep(0.2)
    asked = len(server.prompts)
    time.sleep(0.2)
    assert len(server.prompts) == asked < 12


def test_transient_faults_are_retried(server):
    server.slow = 1.5
    for fault in (408, 429, 500, 502, 503, 504, 529, "malformed", "no choices", "cut", "slow"):
        server.faults = [fault]
        server.prompts.clear()
        assert isinstance(ask_one(endpoint(server, timeout=1.0)), str), fault
        assert len(server.prompts) == 2, fault


def test_waits_grow(server):
    server.faults = [503] * 3
    ask_one(endpoint(server, first_wait=0.1))
    gaps = [after - before for before, after in itertools.pairwise(server.times)]
    assert all(gap >= 0.5 * wait for gap, wait in zip(gaps, (0.1, 0.2, 0.4), strict=True))


def test_retry_after_holds_for_all_questions(server):
    server.faults = [(429, {"Retry-After": "0.6"})] * 4
    list(endpoint(server, first_wait=0.3).answers(questions()[:4]))
    again = sorted(server.times)[4:]
    assert again[0] - min(server.times) >= 0.6
    assert again[3] - again[0] > 0.01  # not all at once


def test_a_retry_after_that_cannot_be_used_is_ignored(server):
    for value in ("-3", "soon", "nan", "Sat, 28 Nov 2020 00:00:00 GMT"):
        server.faults = [(503, {"Retry-After": value})]
        start = time.monotonic()
        ask_one(endpoint(server))
        assert time.monotonic() - start < 5


def test_the_first_failure_is_logged_once(server, caplog):
    server.faults = [500, 503, 500]
    list(endpoint(server).answers(questions()))
    (message,) = (each.getMessage() for each in caplog.records if each.levelname == "WARNING")
    assert f"{server.url}: the server answered 50" in message


def test_failed_questions_do_not_stop_the_run_unless_in_a_row(server):
    server.faults = [500, None] * 6
    source = endpoint(server, concurrency=1, retries=0)
    answers = [answer for _, answer in source.answers(questions())]
    assert len(server.prompts) == 12
    assert all(isinstance(answer, str) for answer in answers[1::2])
    assert all("500" in answer.reason and not answer.is_final for answer in answers[::2])


def test_rejected_questions_are_not_asked_again_and_do_not_stop_the_others(server):
    words = ("cat", "dog", "gun", "knife", "blood", "cow", "owl", "pig", "hen")
    server.forbidden, server.delay = {"gun", "knife", "blood"}, 0.1
    found = list(endpoint(server, concurrency=8).answers(questions(*words)))
    rejected = [(q.word, answer) for q, answer in found if isinstance(answer, Unanswered)]
    assert {word for word, _ in rejected} == server.forbidden
    assert all(a.is_final and "400 Bad Request" in a.reason for _, a in rejected)
    assert "not now" in rejected[0][1].reason  # what the server says
    assert server.served == dict.fromkeys({*words} - server.forbidden, 15)
    assert len(server.prompts) == 3 * len(words)


def test_a_server_that_rejects_everything_stops_the_run(server):
    source = endpoint(server)
    server.always = 400
    _, error = collect(source.answers(questions(*map(str, range(50)))))
    assert "400" in str(error)
    assert "--model" in str(error)
    assert len(server.prompts) < 50
    server.always = None
    list(source.answers(questions("cat")))
    server.always = 400  # not after an answer
    assert collect(source.answers(questions(*map(str, range(20)))))[1] is None


def test_a_server_that_is_gone_stops_the_run_and_keeps_answers_under_way(server):
    server.faults, server.always = [("after", 0.5)], 503
    found, error = collect(endpoint(server, retries=1).answers(questions(*map(str, range(50)))))
    assert isinstance(error, ConnectionError)
    assert "503" in str(error)
    assert sum(isinstance(answer, str) for _, answer in found) == 1
    assert len(server.prompts) < 30  # of 50
    source = Endpoint("http://127.0.0.1:9/v1", "m", retries=0, first_wait=0.0)
    assert "refused" in str(collect(source.answers(questions()))[1])  # nobody listens


@pytest.mark.parametrize(
    ("fault", "kind", "option"),
    [
        (401, PermissionError, "--api-key-env"),
        (403, PermissionError, "--api-key-env"),
        (404, FileNotFoundError, "--endpoint"),
        (405, ConnectionError, "--endpoint"),
        ((302, {"Location": "http://127.0.0.1:9/"}), ConnectionError, "302"),  # not followed
    ],
)
def test_a_final_status_stops_the_run_and_keeps_answers_under_way(server, fault, kind, option):
    server.faults = [("after", 0.3), ("after", 0.3), fault]
    found, error = collect(endpoint(server, concurrency=3).answers(questions()))
    assert type(error) is kind
    assert option in str(error)
    assert "not now" in str(error)
    assert len(found) >= 2
    assert 5 * len(found) == sum(server.served.values())
    assert len(server.prompts) < 12


def test_an_answer_in_parts(server):
    server.faults = ["parts"]
    assert ask_one(endpoint(server)).startswith("The cat shows")


def test_unusable_arguments():
    urls = ("localhost:8000/v1", "ftp://x/v1", "http:///v1", "http://a b/v1", "http://me:p@x")
    cases = [((url, "m"), {}, "--") for url in urls]
    cases += [(("http://x:port/v1", "m"), {}, "port"), (("http://x/v1", ""), {}, "--model")]
    cases += [(("http://x/v1", "m", "a\nb"), {}, "key")]
    for wrong in ({"concurrency": 0}, {"retries": -1}, {"timeout": 0.0}):
        cases.append((("http://x/v1", "m"), wrong, "--concurrency"))
    for arguments, options, message in cases:
        with pytest.raises(ValueError, match=message):
            Endpoint(*arguments, **options)
