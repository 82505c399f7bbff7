"""A journal outlives its process, is one process's at a time, and reads over a torn line."""

import json
import subprocess
import sys

import pytest

from freecp_d2.apps.describe import Entry, Journal, journal_path, read_journal

CAT = Entry("cat", "What is a {word}?", "m", ("A cat is \u00e9.",), "pet", (("No.", "fewer"),))
DOG = Entry("dog", "What is a {word}?", "m", ("A dog is.",))


@pytest.fixture
def path(tmp_path):
    return journal_path(tmp_path / "new" / "words.json")


def test_it_lies_beside_the_output(tmp_path):
    assert journal_path(tmp_path / "words.json") == tmp_path / "words.json.journal"


def test_what_is_written_is_there_at_once(path):
    journal = Journal(path)
    assert journal.entries == ()
    journal.write(CAT)
    assert read_journal(path) == (CAT,)
    journal.close()
    again = Journal(path)
    assert again.entries == (CAT,)
    again.write(DOG)
    again.close()
    assert read_journal(path) == (CAT, DOG)


def test_none_is_empty(path):
    assert read_journal(path) == ()
    assert not path.parent.exists()


@pytest.mark.parametrize("torn", ['{"word": "do', "3", '{"word": "dog"}', "\n", "\xff", "[" * 10])
def test_a_torn_line_is_passed_over_and_not_written_on(path, torn):
    journal = Journal(path)
    journal.write(CAT)
    journal.close()
    with path.open("ab") as file:
        file.write(torn.encode("latin-1"))
    journal = Journal(path)
    assert journal.entries == (CAT,)
    journal.write(DOG)
    journal.close()
    assert read_journal(path) == (CAT, DOG)


def test_it_is_removed_when_all_is_kept_elsewhere(path):
    journal = Journal(path)
    journal.write(CAT)
    journal.close(remove=True)
    journal.close()
    assert not path.exists()


class TestTwoProcesses:
    SCRIPT = "import sys, freecp_d2.apps.describe.journal as j; j.Journal(j.Path(sys.argv[1]))"

    def other(self, path):
        command = [sys.executable, "-W", "ignore", "-c", self.SCRIPT, str(path)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    def test_the_second_is_told(self, path):
        journal = Journal(path)
        other = self.other(path)
        assert "BlockingIOError" in other.stderr
        assert "written to by another process" in other.stderr
        journal.close()
        assert self.other(path).returncode == 0


def test_lines_are_json(path):
    journal = Journal(path)
    journal.write(CAT)
    journal.close()
    (line,) = path.read_text("ascii").splitlines()
    assert json.loads(line)["rejected"] == [["No.", "fewer"]]
    assert json.loads(line)["sense"] == "pet"


def test_a_journal_without_senses_is_read(path):
    path.parent.mkdir()
    line = {"word": "dog", "instruction": DOG.instruction, "model": "m", "sentences": ["A dog is."]}
    path.write_text(json.dumps(line))
    assert read_journal(path) == (DOG,)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"Cannot write .*file/x.*; give an output in a folder"):
        Journal(tmp_path / "file" / "x")


def test_nothing_written_nothing_left(path):
    Journal(path).close()
    assert not path.exists()
