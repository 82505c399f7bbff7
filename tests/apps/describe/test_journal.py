"""The journal is on disk at once, and skips torn lines."""

from contextlib import closing

from freecp_d2.apps.describe.journal import Entry, Journal, journal_path, read_journal

CAT = Entry("cat", "What is a {word}?", "m", ("A cat is \u00e9.",), "pet")
DOG = Entry("dog", "What is a {word}?", "m", ("A dog is.",))


def test_an_entry_is_on_disk_at_once(tmp_path):
    path = journal_path(tmp_path / "new" / "words.json")
    assert path.name == "words.json.journal"
    assert read_journal(path) == ()
    assert not path.parent.exists()
    with closing(Journal(path)) as journal:
        journal.write(CAT)
        assert read_journal(path) == (CAT,)
    with closing(Journal(path)) as journal:
        journal.write(DOG)
    assert read_journal(path) == (CAT, DOG)


def test_torn_lines_are_skipped_and_not_appended_to(tmp_path):
    path = tmp_path / "journal"
    for torn in ('{"word": "do', "3", '{"word": "dog"}', "\n", "\xff", "[" * 10):
        with closing(Journal(path)) as journal:
            journal.write(CAT)
        path.write_bytes(path.read_bytes() + f"\n{torn}".encode("latin-1"))
        with closing(Journal(path)) as journal:
            journal.write(DOG)
        assert read_journal(path) == (CAT, DOG), torn
        path.unlink()


def test_an_empty_journal_is_removed(tmp_path):
    Journal(tmp_path / "journal").close()
    assert not list(tmp_path.iterdir())
