"""tools/describe.py: the command line, a run that is killed and goes on, and what it leaves."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from freecp_d2.apps.describe import journal_path, read_journal
from freecp_d2.text import Descriptions, load_descriptions
from tests.apps.describe import tiny_model
from tests.apps.describe.server import sentence, serve
from tests.helpers.command import ROOT

WORDS = "cat, kitten; dog; traffic light"


@pytest.fixture(scope="module")
def tool():
    """The script as a module; tools/ is no package."""
    spec = importlib.util.spec_from_file_location("describe", ROOT / "tools" / "describe.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture
def server():
    with serve() as found:
        yield found


@pytest.fixture
def output(tmp_path):
    return tmp_path / "new" / "words.json"


@pytest.fixture
def call(tool, server, output):
    """Run the tool against the server; returns the exit code."""

    def run(*more, vocabulary=WORDS):
        arguments = ["--vocabulary", vocabulary, "--output", str(output)]
        if not {"--local", "--answers", "--questions"} & set(more):
            arguments += ["--endpoint", server.url, "--model", "m"]
        return tool.main([*arguments, *more])

    return run


def test_a_vocabulary_is_filled(call, server, output, capsys):
    assert call() == 0
    found = Descriptions.from_file(output)
    assert [len(sentences) for sentences in found.as_dict().values()] == [15] * 4
    assert found.provenance["model"] == "m"
    assert found.provenance["source"] == f"tools/describe.py, {server.url}"
    assert found.provenance["licence"] == "not stated; see the terms of m"
    assert len(server.prompts) == 12
    assert not journal_path(output).exists()
    text = capsys.readouterr().out
    assert "4 words, 0 of them described already" in text
    assert "To ask: 12 questions for 60 sentences, about " in text
    assert "12 requests; the server counted 120 + 60 tokens." in text


def test_again_it_costs_nothing_and_changes_nothing(call, server, output, capsys):
    call()
    before = output.read_bytes()
    server.prompts.clear()
    assert call() == 0
    assert server.prompts == []
    assert output.read_bytes() == before
    assert (
        "4 words, all of them described already: there is nothing to ask."
        in capsys.readouterr().out
    )


def test_only_new_words_are_asked_for(call, server, output):
    call(vocabulary="cat;")
    server.prompts.clear()
    assert call(vocabulary="Cat; owl") == 0
    assert server.served == {"cat": 15, "owl": 15}
    assert list(Descriptions.from_file(output).as_dict()) == ["cat", "owl"]


def test_words_of_another_set_are_copied(call, server, output):
    assert call("--descriptions", "visual", "--licence", "CC0", vocabulary="cat; zorb") == 0
    found = Descriptions.from_file(output)
    assert server.served == {"zorb": 15}
    assert found.prompts("cat", ()) == load_descriptions("visual").prompts("cat", ())
    shipped = load_descriptions("visual").provenance
    assert found.provenance["model"].endswith("; m")
    assert found.provenance["licence"] == f"{shipped['licence']}; CC0"


def test_an_incomplete_word_is_not_in_the_output_and_not_lost(call, server, output, capsys):
    server.always = "refusal"
    assert call("--attempts", "1", vocabulary="cat;") == 1
    assert not output.exists()
    assert "'cat' has 0 of 15" in capsys.readouterr().out
    server.always = ("sentences", 3)
    assert call("--attempts", "1", vocabulary="cat;") == 1
    server.always = None
    assert call("--attempts", "1", vocabulary="cat; dog") == 0
    assert server.served == {"cat": 15, "dog": 15}
    assert not journal_path(output).exists()


def test_background_words_are_asked_for_only_if_wanted(call, server):
    """As `words missing` has it: Eq. (8) reads none of theirs."""
    assert call(vocabulary="cat; background: sky") == 0
    assert server.served == {"cat": 15}
    assert call("--background", vocabulary="cat; background: sky") == 0
    assert server.served == {"cat": 15, "sky": 15}


def test_forbidden_words_do_not_stop_the_others(call, server, output, capsys):
    words = ["cat", "dog", "gun", "knife", "blood", "cow", "owl", "pig", "hen"]
    server.forbidden, server.delay = {"gun", "knife", "blood"}, 0.1
    assert call(vocabulary="; ".join(words)) == 1
    assert set(Descriptions.from_file(output).as_dict()) == {*words} - server.forbidden
    assert len(server.prompts) == 3 * len(words)
    assert "error" not in capsys.readouterr().err


def test_a_request_that_no_word_mends(call, server, capsys):
    server.always = 400
    assert call(vocabulary="; ".join(f"w{i}" for i in range(50))) == 1
    assert "nothing was answered" in capsys.readouterr().err
    assert len(server.prompts) < 50


def test_a_mistake_of_ours_is_not_said_to_be_the_users(call, tool, output, monkeypatch):
    def broken(collection, source, journal, *_):
        (question, *_) = collection.questions()
        journal.write(collection.add(question, [sentence("cat", i) for i in range(5)], "m"))
        raise KeyError("cat")

    monkeypatch.setattr(tool, "describe", broken)
    with pytest.raises(RuntimeError, match=r"got KeyError.*a mistake of describe\.py, not yours"):
        call(vocabulary="cat;")
    assert len(read_journal(journal_path(output))) == 1


def test_a_server_that_is_gone(call, server, output, capsys):
    server.faults = [None] * 3 + [404] * 20
    assert call("--concurrency", "1") == 1
    assert list(Descriptions.from_file(output).as_dict()) == ["cat"]
    captured = capsys.readouterr()
    assert "404 Not Found; correct --endpoint" in captured.err
    assert "Described now: 1 of 4 words." in captured.out
    assert "Not in the output, for want of sentences: 3 words." in captured.out


class TestKilled:
    def start(self, server, output, *more):
        arguments = ["--vocabulary", WORDS, "--output", str(output), "--endpoint", server.url]
        command = [sys.executable, "-W", "ignore", str(ROOT / "tools" / "describe.py"), *arguments]
        command += ["--model", "m", "--concurrency", "2", *more]
        return subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ
        )

    @pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
    def test_it_goes_on_and_asks_nothing_twice(self, server, output, how):
        server.delay = 0.3
        process = self.start(server, output)
        journal = journal_path(output)
        deadline = time.monotonic() + 120
        while len(read_journal(journal)) < 4 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(how)
        process.communicate(timeout=60)
        assert process.returncode == (-9 if how == signal.SIGKILL else 130)
        time.sleep(2 * server.delay)  # for what was under way
        done = {(entry.word, entry.instruction) for entry in read_journal(journal)}
        assert 4 <= len(done) < 12
        asked = len(server.prompts)
        server.delay = 0.0
        process = self.start(server, output)
        text, _ = process.communicate(timeout=120)
        assert process.returncode == 0, text.decode()
        again = server.prompts[asked:]
        assert len(again) == 12 - len(done)
        assert asked - len(done) <= 2  # those that were under way
        assert not any(
            prompt.startswith(instruction.replace("{word}", word))
            for prompt in again
            for word, instruction in done
        )
        found = Descriptions.from_file(output).as_dict()
        assert [len(sentences) for sentences in found.values()] == [15] * 4
        assert not journal.exists()
        assert os.listdir(output.parent) == [output.name]


class TestOtherSources:
    def test_answers(self, call, tmp_path, output):
        path = tmp_path / "answers.json"
        path.write_text(json.dumps({"cat": [sentence("cat", i) for i in range(15)]}))
        assert call("--answers", str(path), "--model", "someone", vocabulary="cat;") == 0
        found = Descriptions.from_file(output)
        assert found.prompts("cat", ()) == tuple(sentence("cat", i) for i in range(15))
        assert found.provenance["source"] == "tools/describe.py, answers of answers.json"
        assert found.provenance["model"] == "someone"

    def test_sentences_that_are_too_many_stand_in_for_bad_ones(self, call, tmp_path, output):
        path = tmp_path / "answers.json"
        good = [sentence("cat", i) for i in range(16)]
        path.write_text(json.dumps({"cat": ["I cannot.", "No.", *good]}))
        assert call("--answers", str(path), vocabulary="cat;") == 0
        assert len(set(Descriptions.from_file(output).prompts("cat", ()))) == 15

    def test_questions_for_elsewhere(self, call, tmp_path, output, server):
        path = tmp_path / "questions.jsonl"
        assert call("--questions", str(path), vocabulary="cat;") == 0
        records = [json.loads(line) for line in path.read_text().splitlines()]
        for record in records:
            record["answer"] = server.sentences(record.pop("prompt"))
        path.write_text("\n".join(map(json.dumps, records)))
        assert call("--answers", str(path), vocabulary="cat;") == 0
        assert "cat" in Descriptions.from_file(output)

    def test_local(self, call, tmp_path, output, capsys):
        pytest.importorskip("transformers")
        folder = tiny_model.make(tmp_path / "tiny", chat_template=True)
        options = ["--device", "cpu", "--max-new-tokens", "5", "--attempts", "2"]
        assert call("--local", folder, *options, vocabulary="cat;") == 1
        assert "'cat' has 0 of 15 sentences" in capsys.readouterr().out
        assert not output.exists()

    def test_the_papers_model_by_default(self, call, capsys):
        assert call("--dry-run", "--local") == 0
        assert "To ask: 12 questions" in capsys.readouterr().out


def test_senses_are_asked_for_and_recorded(call, server, output, tmp_path, capsys):
    path = tmp_path / "senses.txt"
    path.write_text("dog: the animal\ncow: a cow\n")
    assert call("--senses", str(path), "--context", "a farm") == 0
    told = [prompt for prompt in server.prompts if 'Here "dog" means: the animal.' in prompt]
    assert len(told) == 3
    assert all("The photos show: a farm." in prompt for prompt in server.prompts)
    assert "has 'cow', which is not in the vocabulary" in capsys.readouterr().out
    found = Descriptions.from_file(output).provenance
    assert (found["context"], found["senses"]) == ("a farm", {"dog": "the animal"})


def test_each_word_keeps_its_origin(call, output):
    assert call("--licence", "CC0", vocabulary="cat;") == 0
    assert call("--model", "n", vocabulary="cat; owl") == 0
    first, second = Descriptions.from_file(output).provenance["origins"]
    assert (first["words"], first["model"], first["licence"]) == (["cat"], "m", "CC0")
    assert (second["words"], second["model"]) == (["owl"], "n")


def test_the_output_is_read_only_under_its_lock(call, output, monkeypatch, tool):
    """What another process writes just before this one may is neither lost nor asked for again."""
    journal = tool.Journal

    def slow_journal(path):
        path.parent.mkdir()
        output.write_text(json.dumps({"cow": ["A cow."], "dog": ["A dog."]}))
        return journal(path)

    monkeypatch.setattr(tool, "Journal", slow_journal)
    assert call(vocabulary="cat; dog") == 0
    assert list(Descriptions.from_file(output).as_dict()) == ["cow", "dog", "cat"]


def test_dry_run_leaves_nothing(call, server, output, capsys):
    assert call("--dry-run", "--prices", "1", "2") == 0
    assert "which costs about" in capsys.readouterr().out
    assert server.prompts == []
    assert not output.parent.exists()


def test_the_key_is_sent_and_not_said(call, server, output, monkeypatch, capsys):
    monkeypatch.setenv("MY_KEY", "hush-hush")
    assert call("--api-key-env", "MY_KEY", vocabulary="cat;") == 0
    assert server.headers[0]["Authorization"] == "Bearer hush-hush"
    captured = capsys.readouterr()
    assert "hush" not in captured.out + captured.err + output.read_text()


def test_own_instructions(call, server, output, tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("What is a {word}?\nWhere is a {word}?\n")
    assert call("--instructions", str(path), vocabulary="cat;") == 0
    assert {prompt.split("\n")[0] for prompt in server.prompts} == {
        "What is a cat?",
        "Where is a cat?",
    }
    assert len(Descriptions.from_file(output).prompts("cat", ())) == 10


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--api-key-env", "NO_SUCH_KEY"], "got no key in NO_SUCH_KEY"),
        (["--attempts", "0"], "--attempts 0, expected at least 1"),
        (["--concurrency", "0"], "concurrency of at least 1"),
        (["--model", ""], "correct --endpoint or --model"),
        (["--descriptions", "nowhere.json"], "No descriptions file nowhere.json"),
        (["--instructions", "nowhere.txt"], "No file of instructions"),
        (["--senses", "nowhere.txt"], "No file of senses"),
        (["--local", "--model", "m"], "write --local m"),
        (["--questions", "/nowhere/questions.jsonl"], "Cannot write /nowhere/questions.jsonl"),
        (["--questions", "words.json", "--output", "words.json"], "a file of their own"),
        (["--output", "/"], "got the folder /, expected a file"),
        (["--output", "/dev/null/words.json"], "Cannot write /dev/null/words.json.journal"),
        (["--answers", "nowhere.json"], "No file of answers"),
    ],
)
def test_mistakes(call, capsys, output, more, message):
    assert call(*more) == 2
    assert message in capsys.readouterr().err
    assert not output.parent.exists()


@pytest.mark.parametrize("word", ["\U0001f63a", "قطة", " ".join(f"word{i}" for i in range(300))])
def test_odd_words(call, output, server, word):
    server.sentences = lambda prompt, count=None: "\n".join(
        sentence("word7 of the cats", next(server.serial)) for _ in range(5)
    )
    assert call(vocabulary=f"{word};") == 0
    assert word in Descriptions.from_file(output)
