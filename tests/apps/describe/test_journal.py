"""The journal is on disk at once, is locked, and skips torn lines."""

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


def test_removal(path):
    journal = Journal(path)
    journal.write(CAT)
    journal.close(remove=True)
    journal.close()
    assert not path.exists()
    Journal(path).close()  # nothing written, nothing left
    assert not path.exists()
