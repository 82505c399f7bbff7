"""The order of things: what is done, what fails, what stops a run."""

import errno
import os
from pathlib import Path

import pytest
from PIL import Image

from freecp_d2.demo.inputs import Failure, Source
from freecp_d2.demo.run import plan, run
from freecp_d2.predictor import Predictor
from freecp_d2.storybook import draw_scene

from .samples import CONFIG, WORDS, settings

OPTS = ("INPUT.MIN_SIZE_TEST", "72", "INPUT.MAX_SIZE_TEST", "96")


class Log:
    """A progress that remembers."""

    def __init__(self):
        self.steps, self.failures = [], []

    def step(self, name):
        self.steps.append(Path(name).name)

    def frames(self, name, done, total):
        pass

    def fail(self, failure):
        self.failures.append(failure)


@pytest.fixture(scope="module")
def predictor():
    return Predictor.from_config(CONFIG, WORDS, OPTS)


@pytest.fixture
def sources(tmp_path):
    for i, name in enumerate(("a.png", "b.png")):
        Image.fromarray(draw_scene(i).image).save(tmp_path / name)
    (tmp_path / "broken.png").write_bytes(b"")
    names = ("a.png", "broken.png", "b.png")
    return [Source(tmp_path / name, Path(name), False) for name in names]


def go(sources, given, build, **options):
    names = [Path(source.path.stem) for source in sources]
    tasks = plan(sources, names, given, options.pop("force", False))
    log = Log()
    return run(tasks, build, given, log, **options), log


def never():
    raise AssertionError("there is nothing to label")


def test_a_model_is_built_if_there_is_something_to_label(predictor, sources, tmp_path):
    given = settings(tmp_path / "out", opts=OPTS)
    given.output.mkdir()
    outcome, log = go(sources, given, lambda: predictor)
    assert (outcome.num_labelled, outcome.num_earlier) == (2, 0)
    assert log.steps == ["a.png", "broken.png", "b.png"]
    assert log.failures == outcome.failures
    assert outcome.failures == [Failure(str(sources[1].path), "the file is empty")]
    done = [sources[0], sources[2]]
    outcome, _ = go(done, given, never, report={"Command": "x"})
    assert (outcome.num_labelled, outcome.num_earlier) == (0, 2)
    assert (given.output / "index.html").read_text().count("<article") == 2
    outcome, _ = go(done, given, lambda: predictor, force=True)
    assert outcome.num_labelled == 2


def test_a_full_disk_stops_the_run(predictor, sources, tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    with (
        open("/dev/full", "wb", buffering=0) as full,
        pytest.raises(OSError, match="space") as error,
    ):
        full.write(b"x")

    class Full(Log):
        def frames(self, name, done, total):
            raise error.value

    from .videos import write_video

    assert error.value.errno == errno.ENOSPC
    write_video(tmp_path / "film.mp4", num_frames=2)
    given = settings(tmp_path / "out", opts=OPTS)
    tasks = plan([Source(tmp_path / "film.mp4", Path("f"), True)], [Path("f")], given)
    with pytest.raises(OSError, match="No space left"):
        run(tasks, lambda: predictor, given, Full())
    assert not list(given.output.rglob("*.*"))


def test_what_cannot_be_written_is_named_and_the_others_go_on(predictor, sources, tmp_path):
    given = settings(tmp_path / "out", opts=OPTS)
    (given.output / "a_overlay.jpg").mkdir(parents=True)
    outcome, _ = go(sources, given, lambda: predictor)
    assert outcome.num_labelled == 1
    assert [Path(f.name).name for f in outcome.failures] == ["a.png", "broken.png"]


def test_failures_of_before_are_told_first(predictor, sources, tmp_path):
    given = settings(tmp_path / "out", opts=OPTS)
    early = Failure("gone.png", "there is no such file")
    outcome, log = go([], given, never, failures=[early])
    assert outcome.failures == log.failures == [early]
