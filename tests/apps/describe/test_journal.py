"""The journal outlives its process, is locked by one process, and skips torn lines."""

import json
import subprocess
import sys
from contextlib import closing

import pytest

from freecp_d2.apps.describe.journal import Entry, Journal, journal_path, read_journal

CAT = Entry("cat", "What is a {word}?", "m", ("A cat is \u00e9.",), "pet")
DOG = Entry("dog", "What is a {word}?", "m", ("A dog is.",))


@pytest.fixture
def path(tmp_path):
    return journal_path(tmp_path / "new" / "words.json")


def test_an_entry_is_on_disk_at_once(path):
    assert path.name == "words.json.journal"
    assert read_journal(path) == ()
    assert not path.parent.exists()
    with closing(Journal(path)) as journal:
        assert journal.entries == ()
        journal.write(CAT)
        assert read_journal(path) == (CAT,)
    with closing(Journal(path)) as journal:
        assert journal.entries == (CAT,)
        journal.write(DOG)
    assert read_journal(path) == (CAT, DOG)


def test_torn_lines_are_skipped_and_not_appended_to(path):
    for torn in ('{"word": "do', "3", '{"word": "dog"}', "\n", "\xff", "[" * 10):
        with closing(Journal(path)) as journal:
            journal.write(CAT)
        path.write_bytes(path.read_bytes() + torn.encode("latin-1"))
        with closing(Journal(path)) as journal:
            assert journal.entries == (CAT,), torn
            journal.write(DOG)
        assert read_journal(path) == (CAT, DOG), torn
        path.unlink()


def test_journals_of_earlier_versions_are_read(path):
    path.parent.mkdir()
    line = {"word": "dog", "instruction": DOG.instruction, "model": "m", "sentences": ["A dog is."]}
    path.write_text(json.dumps(line) + "\n" + json.dumps(line | {"rejected": [["No.", "few"]]}))
    assert read_journal(path) == (DOG, DOG)


def test_removal(path):
    journal = Journal(path)
    journal.write(CAT)
    journal.close(remove=True)
    journal.close()
    assert not path.exists()
    Journal(path).close()  # nothing written, nothing left
    assert not path.exists()


def test_a_second_process_is_refused(path):
    script = "import sys, freecp_d2.apps.describe.journal as j; j.Journal(j.Path(sys.argv[1]))"
    command = [sys.executable, "-W", "ignore", "-c", script, str(path)]
    journal = Journal(path)
    other = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "BlockingIOError" in other.stderr
    assert str(path) in other.stderr
    journal.close()
    Journal(path).close()
