"""Whole runs: finished inputs, failures, and errors that stop a run."""

import errno
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from freecp_d2.apps.segment.inputs import FailedInput, Source
from freecp_d2.apps.segment.labelling import plan
from freecp_d2.apps.segment.run import run
from freecp_d2.data.storybook import draw_scene
from freecp_d2.text import load_vocabulary

from .samples import PAGE_WORDS, SMALL, settings, write_video


@pytest.fixture
def given(tmp_path):
    return settings(tmp_path / "out", opts=SMALL, vocabulary=load_vocabulary(PAGE_WORDS))


@pytest.fixture
def sources(tmp_path):
    for i, name in enumerate(("a.png", "b.png")):
        Image.fromarray(draw_scene(i).image).save(tmp_path / name)
    (tmp_path / "broken.png").write_bytes(b"")
    names = ("a.png", "broken.png", "b.png")
    return [Source(tmp_path / name, Path(name), False) for name in names]


@pytest.fixture
def film(tmp_path):
    write_video(tmp_path / "film.mp4", num_frames=2)
    return Source(tmp_path / "film.mp4", Path("film.mp4"), True)


def go(sources, given, build, **options):
    names = [Path(source.path.stem) for source in sources]
    return run(plan(sources, names, given), build, given, **options)


def never():
    raise AssertionError("there is nothing to label")


def test_the_model_is_built_if_an_input_is_not_finished(predictor, sources, given, capsys):
    given.output.mkdir()
    summary = go(sources, given, lambda: predictor)
    assert (summary.num_labelled, summary.num_earlier) == (2, 0)
    assert summary.failures == [FailedInput(str(sources[1].path), "the file is empty")]
    assert capsys.readouterr().err == f"{sources[1].path}: the file is empty\n"
    early = FailedInput("gone.png", "there is no such file")
    assert go([], given, never, failures=[early]).failures == [early]
    assert "gone.png: there is" in capsys.readouterr().err
    done = [sources[0], sources[2]]
    summary = go(done, given, never, report={})
    assert (summary.num_labelled, summary.num_earlier) == (0, 2)
    assert (given.output / "index.html").read_text().count("<article") == 2
    summary = go(done, replace(given, force=True), lambda: predictor)
    assert summary.num_labelled == 2


def test_a_full_disk_stops_the_run(predictor, given, film, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("freecp_d2.apps.segment.video.draw_frame", full)
    summary = go([film], given, lambda: predictor)
    assert re.search(r"No space left.*film_frames\.jsonl", summary.stopped)
    assert summary.num_labelled == 0
    assert not list(given.output.rglob("*.*"))


def test_the_record_is_removed_before_other_files_change(predictor, sources, given):
    go(sources[:1], given, lambda: predictor)
    assert (given.output / "a.json").exists()
    (given.output / "a_overlay.jpg").unlink()
    (given.output / "a_overlay.jpg").mkdir()  # stops the second run halfway
    (given.output / "index.html").mkdir()
    summary = go(sources, replace(given, force=True), lambda: predictor, report={})
    assert summary.num_labelled == 1
    assert [Path(f.name).name for f in summary.failures] == ["a.png", "broken.png"]
    assert not (given.output / "a.json").exists()
    assert "index.html" in summary.stopped


def test_images_and_frames_over_the_limit_are_failures(predictor, sources, given, film):
    summary = go([sources[0], film], replace(given, max_megapixels=0.001), lambda: predictor)
    for failure, size in zip(summary.failures, ("256 x 192", "64 x 48"), strict=True):
        assert re.search(f"{size} pixels.*--max-megapixels", failure.reason)
    assert not list(given.output.rglob("*.*"))


def test_several_processes_label_the_same(predictor, sources, given, tmp_path):
    summary = go(sources, given, lambda: predictor, num_processes=2)
    assert summary.num_labelled == 2
    assert summary.failures == [FailedInput(str(sources[1].path), "the file is empty")]
    alone = replace(given, output=tmp_path / "alone")
    go(sources, alone, lambda: predictor)
    for name in ("a_labels.png", "b_labels.png"):
        found, expected = (np.array(Image.open(each.output / name)) for each in (given, alone))
        assert (found == expected).mean() > 0.99  # ties, with another number of threads
    assert go([sources[0], sources[2]], given, never, num_processes=2).num_earlier == 2
