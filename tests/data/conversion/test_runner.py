"""Converting many files: which are written, kept and reported, in one process or two."""

import pytest

from freecp_d2.data.conversion.runner import Job, Options, convert_files
from freecp_d2.utils import files


def upper(text: str) -> bytes:
    if text == "bad":
        raise ValueError("is bad, expected good.")
    if text == "bug":
        raise KeyError(text)
    return text.upper().encode()


def jobs_for(folder, *texts):
    return [Job(f"source {i}", folder / f"{i}.txt", text) for i, text in enumerate(texts, start=1)]


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture(params=[1, 2], ids=["one process", "two processes"])
def num_workers(request):
    return request.param


def convert(folder, jobs, **options):
    return convert_files(jobs, upper, folder=folder, options=Options(folder, **options))


class TestFiles:
    def test_bad_sources_do_not_stop_the_others(self, tmp_path, num_workers):
        jobs = jobs_for(tmp_path, "a", "bad", "c", "bad", "e")
        report = convert(tmp_path, jobs, num_workers=num_workers)
        assert report.broken == tuple(f"source {i}: is bad, expected good." for i in (2, 4))
        assert report.written == 3
        assert contents(tmp_path) == {"1.txt": "A", "3.txt": "C", "5.txt": "E"}

    def test_an_error_of_the_program_is_no_bad_source(self, tmp_path, num_workers):
        with pytest.raises(KeyError):
            convert(tmp_path, jobs_for(tmp_path, "a", "bug"), num_workers=num_workers)

    def test_a_full_disk_is_no_bad_source(self, tmp_path, monkeypatch):
        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("freecp_d2.data.conversion.runner.write_whole", full)
        with pytest.raises(OSError, match="No space left"):
            convert(tmp_path, jobs_for(tmp_path, "a"))


def test_only_temporary_files_of_a_killed_run_are_removed(tmp_path, monkeypatch):
    def killed(*_, **__):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", killed)
        patch.setattr(files.Path, "unlink", lambda *_, **__: None)
        with pytest.raises(SystemExit):
            files.write_whole(tmp_path / "1.txt", b"half")
    assert len(contents(tmp_path)) == 1
    others = [".12.tmp", ".mine.tmp", ".tmp", "1.tmp"]
    for name in others:
        (tmp_path / name).write_text("mine")
    convert(tmp_path, jobs_for(tmp_path, "a"))
    assert sorted(contents(tmp_path)) == [*others, "1.txt"]
