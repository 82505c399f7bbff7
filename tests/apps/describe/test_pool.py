"""Threads that ask: each question once, held and let go, and nothing that is under way is lost."""

import threading
import time

from freecp_d2.apps.describe import Question
from freecp_d2.apps.describe.pool import Pool
from freecp_d2.apps.describe.run import Failure

QUESTIONS = [Question(f"w{number}", 0, "{word}", 5) for number in range(9)]


def test_each_once():
    found = list(Pool(lambda question, _: question.word, QUESTIONS, 4))
    assert sorted(answer for _, answer in found) == [question.word for question in QUESTIONS]
    assert all(question.word == answer for question, answer in found)


def test_an_error_is_given():
    def ask(question, stop):
        raise KeyError(question.word)

    ((_, error),) = Pool(ask, QUESTIONS[:1], 4)
    assert isinstance(error, KeyError)


def test_no_questions():
    assert list(Pool(lambda *_: "", [], 4)) == []


def test_held_it_takes_no_further_question():
    gate, taken = threading.Semaphore(0), []

    def ask(question, stop):
        taken.append(question)
        gate.acquire()
        return question.word

    pool = Pool(ask, QUESTIONS, 3)
    results = iter(pool)
    pool.hold(True)
    gate.release(3)
    given = [next(results) for _ in range(len(taken))]
    time.sleep(0.1)
    assert taken == [question for question, _ in sorted(given, key=lambda each: each[1])]
    assert (pool.num_under_way, pool.num_waiting) == (0, len(QUESTIONS) - len(taken))
    pool.hold(False)
    gate.release(len(QUESTIONS))
    assert len(given) + len(list(results)) == len(QUESTIONS)


def test_stopped_it_gives_what_was_under_way():
    started = threading.Semaphore(0)

    def ask(question, stop):
        started.release()
        stop.wait()
        return Failure("interrupted") if question.word == "w0" else question.word

    pool = Pool(ask, QUESTIONS, 3)
    pool.hold(True)  # a held pool can be stopped, too
    for _ in range(3):
        started.acquire()
    assert sorted(answer for _, answer in pool.under_way()) == ["w1", "w2"]
