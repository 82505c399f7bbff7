"""Many questions to a server that misbehaves: each answered once, several at a time."""

import time

import pytest

from freecp_d2.apps.describe import Collection, Endpoint, Politeness, Validator
from freecp_d2.apps.describe.run import Failure


def endpoint(server, **politeness):
    defaults = {"concurrency": 4, "retries": 3, "first_wait": 0.01, "timeout": 10.0}
    return Endpoint(server.url, "m", politeness=Politeness(**defaults | politeness))


def questions(*words):
    return Collection(words or ("cat", "dog", "cow", "owl"), Validator()).questions()


def test_every_question_is_answered_once(server):
    asked = questions()
    answers = list(endpoint(server).answers(asked))
    assert {question for question, _ in answers} == set(asked)
    assert sorted(server.prompts) == sorted(question.prompt for question in asked)
    assert all(answer.count("\n") == 4 for _, answer in answers)


def test_they_are_asked_at_the_same_time(server):
    server.delay = 0.5
    list(endpoint(server, concurrency=6).answers(questions()))
    assert server.most_in_flight == 6
    server.most_in_flight = 0
    list(endpoint(server, concurrency=1).answers(questions("cat")))
    assert server.most_in_flight == 1


def test_faults_are_tried_again(server):
    server.slow = 3.5
    faults = [500, (429, {"Retry-After": "0.2"}), "malformed", "no choices", "cut", "slow", 503]
    server.faults = list(faults)
    asked = questions()
    answers = dict(endpoint(server, timeout=2.5).answers(asked))
    assert all(isinstance(answers[question], str) for question in asked)
    assert len(server.prompts) == len(asked) + len(faults)


def test_the_first_answer_is_given_before_the_last_is_there(server):
    answers = endpoint(server, concurrency=1).answers(questions())
    next(answers)
    assert len(server.prompts) < 12
    answers.close()
    time.sleep(0.2)
    asked = len(server.prompts)
    time.sleep(0.2)
    assert len(server.prompts) == asked < 12  # nothing is asked for nobody


def test_retry_after_holds_for_all(server):
    server.faults = [(429, {"Retry-After": "0.6"})]
    source = endpoint(server, concurrency=2)
    start = time.monotonic()
    list(source.answers(questions()))
    assert time.monotonic() - start >= 0.6
    assert server.most_in_flight <= 2


@pytest.mark.parametrize("asked_for", [None, "0", "nan", "Sat, 28 Nov 2026 00:00:00 GMT"])
def test_waits_grow(server, asked_for):
    """Whatever a server says that wants no wait, or does not know the time."""
    server.faults = [(503, {"Retry-After": asked_for} if asked_for else {})] * 3
    start = time.monotonic()
    list(endpoint(server, first_wait=0.1, concurrency=1).answers(questions("cat")[:1]))
    assert time.monotonic() - start >= 0.5 * (0.1 + 0.2 + 0.4)


def test_not_all_come_back_at_once_after_a_pause(server):
    server.faults = [(429, {"Retry-After": "0.6"})] * 8
    list(endpoint(server, concurrency=8, first_wait=0.3).answers(questions()))
    again = sorted(server.times)[8:]
    assert again[0] - min(server.times) >= 0.6
    assert again[7] - again[0] > 0.02  # by chance up to 0.3


def test_a_question_that_always_fails_does_not_stop_the_others(server):
    server.faults = [500] * 4
    answers = list(endpoint(server, concurrency=1).answers(questions()))
    assert answers[0][1] == Failure("the server answered 500 Internal Server Error")
    assert all(isinstance(answer, str) for _, answer in answers[1:])


def test_a_question_that_the_server_does_not_take_is_not_asked_again(server):
    server.faults = [400]
    answers = [answer for _, answer in endpoint(server, concurrency=1).answers(questions())]
    assert isinstance(answers[0], Failure)
    assert "400 Bad Request" in answers[0].reason
    assert all(isinstance(answer, str) for answer in answers[1:])
    assert len(server.prompts) == 12


def test_the_first_failure_is_said_at_once_and_only_that(server, caplog):
    server.faults = [500, 503, 500]
    list(endpoint(server).answers(questions()))
    (record,) = [each for each in caplog.records if each.levelname == "WARNING"]
    assert "asking again, at most 3 more times a question" in record.getMessage()


def test_an_address_that_is_none():
    source = Endpoint("http://127.0.0.1:port/v1", "m")
    with pytest.raises(ConnectionError, match=r"nonnumeric port.*correct --endpoint"):
        list(source.answers(questions()))


def test_a_server_that_is_gone_stops_it(server):
    server.always = 503
    with pytest.raises(ConnectionError, match=r"4 questions in a row failed, .*503"):
        list(endpoint(server, retries=1).answers(questions(*map(str, range(50)))))
    assert len(server.prompts) <= 2 * (4 + 4)


class TestForbiddenWords:
    WORDS = ("cat", "dog", "gun", "knife", "blood", "cow", "owl", "pig", "hen")

    @pytest.mark.parametrize("concurrency", [1, 2, 8])
    def test_they_do_not_stop_the_others(self, server, concurrency):
        server.forbidden, server.delay = {"gun", "knife", "blood"}, 0.1
        found = list(endpoint(server, concurrency=concurrency).answers(questions(*self.WORDS)))
        failed = {question.word for question, answer in found if isinstance(answer, Failure)}
        assert failed == server.forbidden
        assert all(a.is_final for _, a in found if isinstance(a, Failure))
        assert server.served == dict.fromkeys({*self.WORDS} - server.forbidden, 15)

    def test_what_is_under_way_may_tell_that_others_are_answered(self, server):
        server.forbidden, server.faults = {"gun", "knife", "blood"}, [("after", 0.5)]
        found = list(endpoint(server).answers(questions("cat", "gun", "knife", "blood", "cow")))
        assert len(found) == 15
        assert server.served == {"cat": 15, "cow": 15}

    def test_an_earlier_answer_tells_it_too(self, server):
        source = endpoint(server)
        list(source.answers(questions("cat")))
        server.always = 400
        assert len(list(source.answers(questions()))) == 12

    def test_all_are_forbidden(self, server):
        server.always = 400
        asked = questions(*map(str, range(50)))
        with pytest.raises(ConnectionError, match=r"nothing was answered, .*400 .*correct --model"):
            list(endpoint(server).answers(asked))
        assert len(server.prompts) <= 5 * 3  # three words, and what was under way

    @pytest.mark.parametrize("words", [("gun", "knife"), ("gun", "knife", "blood")])
    def test_few_words_may_be(self, server, words):
        server.always = 400
        asked = questions(*words)
        assert len(list(endpoint(server, concurrency=9).answers(asked))) == len(asked)


def test_a_server_that_is_gone_and_what_is_under_way_is_kept(server):
    server.faults, server.always = [("after", 0.5)], 503
    found, answers = [], endpoint(server, retries=0).answers(questions())
    with pytest.raises(ConnectionError, match="in a row failed"):
        found.extend(iter(lambda: next(answers), None))
    assert sum(isinstance(answer, str) for _, answer in found) == 1


def test_an_answer_in_parts(server):
    server.faults = ["parts"]
    ((_, answer),) = endpoint(server).answers(questions("cat")[:1])
    assert answer.startswith("The cat shows")


def test_a_wrong_key_stops_it_and_keeps_what_is_under_way(server):
    server.faults = [("after", 0.5), ("after", 0.5), 401]
    found = []
    answers = endpoint(server, concurrency=3).answers(questions())
    with pytest.raises(PermissionError, match="--api-key-env"):
        found.extend(iter(lambda: next(answers), None))
    assert len(found) >= 2
    assert 5 * len(found) == sum(server.served.values())
    assert len(server.prompts) < 12


def test_what_is_sent(server):
    source = Endpoint(f"{server.url}/chat/completions/", "m", "key", options={"temperature": 0.5})
    (asked, *_) = questions("cat")
    list(source.answers([asked]))
    messages = [{"role": "user", "content": asked.prompt}]
    assert server.payloads == [
        {"model": "m", "messages": messages, "stream": False, "temperature": 0.5}
    ]
    assert server.headers[0]["Authorization"] == "Bearer key"
    assert (source.num_requests, source.num_tokens) == (1, [10, 5])


def test_no_key_no_header(server):
    list(endpoint(server).answers(questions("cat")[:1]))
    assert "Authorization" not in server.headers[0]


def test_no_questions(server):
    assert list(endpoint(server).answers([])) == []


@pytest.mark.parametrize(
    ("url", "model", "key"),
    [("localhost:8000/v1", "m", ""), ("ftp://x/v1", "m", ""), ("http:///v1", "m", ""),
     ("http://x/v1", "", ""), ("http://me:secret@x/v1", "m", ""), ("http://x/v1", "m", "a\nb")],
)  # fmt: skip
def test_errors(url, model, key):
    with pytest.raises(ValueError, match="--"):
        Endpoint(url, model, key)


@pytest.mark.parametrize("wrong", [{"concurrency": 0}, {"retries": -1}, {"timeout": 0.0}])
def test_impossible_politeness(wrong):
    with pytest.raises(ValueError, match="concurrency of at least 1"):
        Politeness(**wrong)
