"""Questions to a server: several at a time, retries, and errors that stop the run."""

import itertools
import time

import pytest

from freecp_d2.apps.describe.checks import Validator
from freecp_d2.apps.describe.collection import Collection
from freecp_d2.apps.describe.endpoint import Endpoint


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
    asked, server.delay = questions(), 0.3
    answers = list(endpoint(server, concurrency=6).answers(asked))
    assert server.most_in_flight == 6
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
    server.faults = ["parts"]
    assert ask_one(source).startswith("The cat shows")


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
    for fault in (408, 429, 500, 529, "malformed", "cut", "slow"):
        server.faults = [fault]
        server.prompts.clear()
        assert isinstance(ask_one(endpoint(server, timeout=1.0)), str), fault
        assert len(server.prompts) == 2, fault


def test_waits_grow(server):
    server.faults = [503] * 3
    ask_one(endpoint(server, first_wait=0.1))
    gaps = [after - before for before, after in itertools.pairwise(server.times)]
    assert all(gap >= 0.5 * wait for gap, wait in zip(gaps, (0.1, 0.2, 0.4), strict=True))


def test_retry_after(server):
    server.faults = [(429, {"Retry-After": "1"})]
    ask_one(endpoint(server))
    assert server.times[1] - server.times[0] >= 1
    for value in ("-3", "soon", "nan", "Sat, 28 Nov 2020 00:00:00 GMT"):  # ignored
        server.faults = [(503, {"Retry-After": value})]
        start = time.monotonic()
        ask_one(endpoint(server))
        assert time.monotonic() - start < 5


def test_failed_questions_do_not_stop_the_run_unless_in_a_row(server, caplog):
    server.faults = [500, None] * 6
    source = endpoint(server, concurrency=1, retries=0)
    answers = [answer for _, answer in source.answers(questions())]
    assert len(server.prompts) == 12
    assert all(isinstance(answer, str) for answer in answers[1::2])
    assert all("500" in answer.reason and not answer.is_final for answer in answers[::2])
    (message,) = (each.getMessage() for each in caplog.records if each.levelname == "WARNING")
    assert f"{server.url}: the server answered 500" in message  # logged once


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


def test_a_final_status_stops_the_run_and_keeps_answers_under_way(server):
    redirect = (302, {"Location": "http://127.0.0.1:9/"})  # not followed
    for fault, option in ((401, "--api-key-env"), (404, "--endpoint"), (redirect, "302")):
        server.faults = [("after", 0.3), ("after", 0.3), fault]
        server.served, server.prompts = {}, []
        found, error = collect(endpoint(server, concurrency=3).answers(questions()))
        assert option in str(error)
        assert "not now" in str(error)
        assert len(found) >= 2
        assert 5 * len(found) == sum(server.served.values())
        assert len(server.prompts) < 12


def test_unusable_arguments():
    urls = ("localhost:8000/v1", "ftp://x/v1", "http:///v1", "http://a b/v1", "http://me:p@x")
    cases = [((url, "m"), {}, "--") for url in urls]
    cases += [(("http://x:port/v1", "m"), {}, "port"), (("http://x/v1", ""), {}, "--model")]
    cases += [(("http://x/v1", "m", "a\nb"), {}, "key")]
    for wrong in ({"concurrency": 0}, {"timeout": 0.0}):
        cases.append((("http://x/v1", "m"), wrong, "--concurrency"))
    for arguments, options, message in cases:
        with pytest.raises(ValueError, match=message):
            Endpoint(*arguments, **options)
