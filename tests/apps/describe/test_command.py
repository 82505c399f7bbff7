"""freecp describe: the options, a run that is killed and resumed, and what it leaves."""

import itertools
import json
import os
import subprocess
import sys
import time
from contextlib import closing

import pytest

from freecp_d2.apps.describe import collection, command
from freecp_d2.apps.describe.journal import Journal, journal_path, read_journal
from freecp_d2.text import Descriptions, load_descriptions
from tests.helpers.command import ROOT

from . import tiny_model

WORDS = "cat, kitten; dog; traffic light"


@pytest.fixture
def output(tmp_path):
    return tmp_path / "new" / "words.json"


@pytest.fixture
def call(server, output):
    """Run the command against the server; returns the exit code."""

    def run(*more, vocabulary=WORDS):
        arguments = ["--vocabulary", vocabulary, "--output", str(output)]
        if not {"--local", "--answers", "--questions"} & set(more):
            arguments += ["--endpoint", server.url, "--model", "m"]
        return command.main([*arguments, *more])

    return run


def test_a_vocabulary_is_filled_once(call, server, output, capsys):
    assert call() == 0
    found = Descriptions.from_file(output)
    assert [len(sentences) for sentences in found.as_dict().values()] == [15] * 4
    expected = {"model": "m", "source": f"freecp describe, {server.url}"}
    expected |= {"licence": "not stated; see the terms of the model"}
    assert expected.items() <= found.provenance.items()
    assert len(server.prompts) == 12
    assert os.listdir(output.parent) == [output.name]
    assert "To ask: 12 questions for 60 sentences, about " in capsys.readouterr().out
    before = output.read_bytes()
    assert call() == 0
    assert len(server.prompts) == 12
    assert output.read_bytes() == before
    assert "nothing to ask" in capsys.readouterr().out


def test_only_new_words_are_asked_for(call, server, output):
    """Others are kept or copied, with their origin."""
    shipped = load_descriptions("visual")
    call("--licence", "CC0", vocabulary="cat;")
    assert call("--model", "n", "--descriptions", "visual", vocabulary="Cat; zorb; dog") == 0
    assert server.served == {"cat": 15, "zorb": 15}
    found = Descriptions.from_file(output)
    assert list(found.as_dict()) == ["cat", "dog", "zorb"]
    assert found.prompts("dog", ()) == shipped.prompts("dog", ())
    cat, dog, zorb = found.provenance["origins"]
    assert (cat["words"], cat["model"], cat["licence"]) == (["cat"], "m", "CC0")
    assert (dog["words"], dog["model"]) == (["dog"], shipped.provenance["model"])
    assert dog["licence"] == shipped.provenance["licence"]
    assert (zorb["words"], zorb["model"]) == (["zorb"], "n")


def test_an_incomplete_word_is_kept_in_the_journal(call, server, output, capsys):
    server.always = "refusal"
    assert call("--attempts", "3", vocabulary="cat;") == 1
    assert len(server.prompts) == 9
    assert not output.exists()
    assert "'cat' has 0 of 15 sentences\n    9 x a refusal" in capsys.readouterr().out
    server.always = ("sentences", 3)
    assert call("--attempts", "1", vocabulary="cat;") == 1
    server.always = None
    assert call("--attempts", "1", vocabulary="cat; dog") == 0
    assert server.served == {"cat": 15, "dog": 15}
    assert not journal_path(output).exists()


def test_complete_words_are_written_after_an_error(call, server, output, capsys):
    server.faults = [None] * 3 + [404] * 20
    assert call("--concurrency", "1") == 1
    assert list(Descriptions.from_file(output).as_dict()) == ["cat"]
    captured = capsys.readouterr()
    assert "404 Not Found" in captured.err
    assert "Described now: 1 of 4 words." in captured.out
    assert "Not in the output: 3 words." in captured.out


def test_a_killed_run_resumes_and_asks_nothing_twice(call, server, output):
    command = [sys.executable, "-W", "ignore", str(ROOT / "tools" / "describe.py")]
    command += ["--vocabulary", WORDS, "--output", str(output), "--endpoint", server.url]
    server.delay, journal = 0.3, journal_path(output)
    process = subprocess.Popen([*command, "--model", "m", "--concurrency", "2"], cwd=ROOT)
    deadline = time.monotonic() + 120
    while len(read_journal(journal)) < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    time.sleep(2 * server.delay)  # for requests under way
    done = [entry.instruction.replace("{word}", entry.word) for entry in read_journal(journal)]
    assert 4 <= len(done) < 12
    asked, server.delay = len(server.prompts), 0.0
    assert asked - len(done) <= 2  # under way when it was killed
    assert call() == 0
    again = server.prompts[asked:]
    assert len(again) == 12 - len(done)
    assert not any(prompt.startswith(tuple(done)) for prompt in again)
    found = Descriptions.from_file(output).as_dict()
    assert [len(sentences) for sentences in found.values()] == [15] * 4
    assert os.listdir(output.parent) == [output.name]


def test_the_journal_outlives_ctrl_c_and_a_bug(call, output, monkeypatch, capsys):
    error = KeyError("a bug is not reported as a wrong option")

    def interrupted(*args):
        yield from itertools.islice(collection.describe(*args), 2)
        raise error

    monkeypatch.setattr(command, "describe", interrupted)
    with pytest.raises(KeyError):
        call()
    assert len(read_journal(journal_path(output))) == 2
    error = KeyboardInterrupt()
    assert call() == 130
    assert "the same command resumes" in capsys.readouterr().err
    assert len(read_journal(journal_path(output))) == 4


def test_a_second_run_on_one_output_is_refused(call, server, output, capsys):
    with closing(Journal(journal_path(output))):
        assert call() == 2
    assert str(journal_path(output)) in capsys.readouterr().err
    assert server.prompts == []


def test_the_output_is_read_under_its_lock(call, output, monkeypatch):
    """Words that another process writes just before are neither lost nor asked for again."""

    def slow_journal(path):
        path.parent.mkdir()
        output.write_text(json.dumps({"cow": ["A cow."], "dog": ["A dog."]}))
        return Journal(path)

    monkeypatch.setattr(command, "Journal", slow_journal)
    assert call(vocabulary="cat; dog") == 0
    assert list(Descriptions.from_file(output).as_dict()) == ["cow", "dog", "cat"]


class TestOtherSources:
    def test_questions_for_elsewhere(self, call, tmp_path, output, server):
        path = tmp_path / "questions.jsonl"
        assert call("--questions", str(path), vocabulary="cat;") == 0
        assert not output.parent.exists()
        records = [json.loads(line) for line in path.read_text().splitlines()]
        assert [record["instruction"] for record in records] == [1, 2, 3]
        for record in records:
            record["answer"] = server.sentences(record.pop("prompt"))
        path.write_text("\n".join(map(json.dumps, records)))
        assert call("--answers", str(path), "--model", "someone", vocabulary="cat;") == 0
        found = Descriptions.from_file(output)
        assert "cat" in found
        assert found.provenance["source"] == "freecp describe, answers of questions.jsonl"
        assert found.provenance["model"] == "someone"

    def test_local(self, call, tmp_path, output, capsys):
        pytest.importorskip("transformers")
        folder = tiny_model.make(tmp_path / "tiny", chat_template=True)
        options = ["--device", "cpu", "--max-new-tokens", "30", "--attempts", "2"]
        assert call("--local", folder, *options, vocabulary="cat;") == 1
        assert "'cat' has 0 of 15 sentences" in capsys.readouterr().out
        assert not output.exists()


def test_the_context_is_asked_for_and_recorded(call, server, output):
    assert call("--context", "a farm") == 0
    assert all("The photos show: a farm." in prompt for prompt in server.prompts)
    assert Descriptions.from_file(output).provenance["context"] == "a farm"


def test_dry_run_leaves_nothing(call, server, tmp_path, capsys):
    assert call("--dry-run") == 0
    assert "tokens there" in capsys.readouterr().out
    assert call("--dry-run", "--questions", str(tmp_path / "q.jsonl")) == 0
    assert (server.prompts, os.listdir(tmp_path)) == ([], [])


def test_the_key_and_options_are_sent(call, server, output, monkeypatch, capsys):
    monkeypatch.setenv("MY_KEY", "hush-hush")
    assert call("--api-key-env", "MY_KEY", "--temperature", "0.5", vocabulary="cat;") == 0
    assert server.headers[0]["Authorization"] == "Bearer hush-hush"
    assert server.payloads[0]["temperature"] == 0.5
    captured = capsys.readouterr()
    assert "hush" not in captured.out + captured.err + output.read_text()


def test_own_instructions(call, server, output, tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("What is a {word}?\nWhere is a {word}?\n")
    assert call("--instructions", str(path), vocabulary="cat;") == 0
    asked = sorted(prompt.split("\n")[0] for prompt in server.prompts)
    assert asked == ["What is a cat?", "Where is a cat?"]
    assert len(Descriptions.from_file(output).prompts("cat", ())) == 10


def test_wrong_options(call, capsys, output):
    for more, message in (
        ("--api-key-env NO_SUCH_KEY", "NO_SUCH_KEY"),
        ("--attempts 0", "--attempts 0"),
        ("--concurrency 0", "--concurrency 0"),
        ("--model=", "--model"),
        ("--descriptions nowhere.json", "nowhere.json"),
        ("--local --model m", "--local m"),
        ("--questions /nowhere/questions.jsonl", "/nowhere/questions.jsonl"),
        ("--questions words.json --output words.json", "--questions"),
        ("--output /", "the folder /"),
        ("--answers nowhere.json", "nowhere.json"),
        ("--vocabulary nowhere.txt", "nowhere.txt"),
    ):
        assert call(*more.split()) == 2, more
        assert message in capsys.readouterr().err, more
        assert not output.parent.exists(), more
    output.parent.mkdir()
    output.write_text("[1")  # no file of descriptions
    assert call() == 2
    assert "expected JSON" in capsys.readouterr().err
    assert output.read_text() == "[1"
    assert not journal_path(output).exists()
