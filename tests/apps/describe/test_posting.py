"""One request: what is worth another try, and what is not."""

import email.utils
import time

import pytest

from freecp_d2.apps.describe.posting import RejectedError, TransientError, post_json

PAYLOAD = {"model": "m", "messages": [{"content": "Write one sentence, names the cat, and says"}]}


def post(server, timeout=10.0, **headers):
    return post_json(f"{server.url}/chat/completions", PAYLOAD, headers, timeout)


def test_an_answer(server):
    content = post(server, Authorization="Bearer key")
    assert "The cat shows" in content["choices"][0]["message"]["content"]
    assert server.payloads == [PAYLOAD]
    assert server.headers[0]["Authorization"] == "Bearer key"
    assert server.headers[0]["Content-Type"] == "application/json"


@pytest.mark.parametrize("fault", [408, 429, 500, 502, 503, 504, 520, 524, 529, "malformed", "cut"])
def test_transient(server, fault):
    server.faults = [fault]
    with pytest.raises(TransientError):
        post(server)


@pytest.mark.parametrize("length", ["abc", "-5", "1e3"])
def test_a_length_that_is_none_does_not_count(server, length):
    server.faults = [("length", length)]
    assert post(server)["choices"]


def test_a_huge_answer_would_be_so_again(server):
    server.faults = ["huge"]
    with pytest.raises(RejectedError, match="more than 10 MB, expected some sentences; limit"):
        post(server)


def test_too_slow(server):
    server.faults, server.slow = ["slow"], 1.0
    with pytest.raises(TransientError, match="timed out"):
        post(server, timeout=0.2)


def test_nobody_there(server):
    with pytest.raises(TransientError, match="refused"):
        post_json("http://127.0.0.1:9/v1/chat/completions", PAYLOAD, {}, 5.0)


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        (400, RejectedError, "400 Bad Request: .*not now"),
        (405, ConnectionError, "405 .*; correct .*It says: .*not now"),
        (401, PermissionError, "check the key"),
        (403, PermissionError, "check the key"),
        (404, FileNotFoundError, "correct --endpoint, which ends in /v1 mostly, or --model"),
        ((302, {"Location": "http://127.0.0.1:9/"}), ConnectionError, "302 Found"),
    ],
)
def test_final(server, fault, kind, message):
    server.faults = [fault]
    with pytest.raises(kind, match=message) as caught:
        post(server)
    assert not isinstance(caught.value, TransientError)
    assert len(server.prompts) == 1


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("value", "wait"),
        [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("soon", None), ("nan", None), ("inf", None),
         (None, None)],
    )  # fmt: skip
    def test_seconds(self, server, value, wait):
        server.faults = [(429, {"Retry-After": value} if value else {})]
        with pytest.raises(TransientError) as caught:
            post(server)
        assert caught.value.wait == wait

    def test_a_date(self, server):
        value = email.utils.formatdate(time.time() + 60, usegmt=True)
        server.faults = [(503, {"Retry-After": value})]
        with pytest.raises(TransientError) as caught:
            post(server)
        assert 50 < caught.value.wait <= 60
