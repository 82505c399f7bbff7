"""The order of things: what is done, what fails, what stops a run."""

import errno
import os
from pathlib import Path

import pytest
from PIL import Image

from freecp_d2.apps.segment.inputs import Failure, Source
from freecp_d2.apps.segment.run import StoppedError, plan, run
from freecp_d2.data.storybook import draw_scene
from freecp_d2.engine.predictor import Predictor

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
    with pytest.raises(StoppedError, match=r"No space left.*f_frames\.jsonl") as stopped:
        run(tasks, lambda: predictor, given, Full())
    assert stopped.value.outcome.num_labelled == 0
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


def test_a_page_that_cannot_be_written_stops_it_after_the_work(predictor, sources, tmp_path):
    given = settings(tmp_path / "out", opts=OPTS)
    (given.output / "index.html").mkdir(parents=True)
    with pytest.raises(StoppedError, match=r"index\.html") as stopped:
        go(sources, given, lambda: predictor, report={})
    assert stopped.value.outcome.num_labelled == 2


def test_a_file_of_others_stays_and_the_others_go_on(predictor, sources, tmp_path):
    given = settings(tmp_path / "out", opts=OPTS)
    given.output.mkdir()
    (given.output / "a.json").write_text('{"images": []}')
    outcome, _ = go(sources, given, lambda: predictor)
    assert outcome.num_labelled == 1
    assert "a.json was not written by this program" in outcome.failures[0].reason
    assert (given.output / "a.json").read_text() == '{"images": []}'
    assert not (given.output / "a_labels.png").exists()


def test_a_damaged_result_is_made_again(predictor, sources, tmp_path):
    given = settings(tmp_path / "out", opts=OPTS)
    go(sources[:1], given, lambda: predictor)
    for name in ("a_labels.png", "a_overlay.jpg"):
        content = (given.output / name).read_bytes()
        (given.output / name).write_bytes(content[:-1])
        outcome, _ = go(sources[:1], given, lambda: predictor, report={})
        assert (outcome.num_labelled, outcome.failures) == (1, [])
        assert (given.output / name).read_bytes() == content


def test_images_without_a_word_are_counted(predictor, sources, tmp_path):
    opts = (*OPTS, "MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH", "1.0")
    given = settings(tmp_path / "out", opts=opts)
    before = Predictor.from_config(given.cfg, WORDS)
    outcome, _ = go(sources, given, lambda: before)
    assert outcome.num_without_words == 2
    outcome, _ = go([sources[0]], given, never)  # of an earlier run, too
    assert outcome.num_without_words == 1
    outcome, _ = go(sources, settings(tmp_path / "2", opts=OPTS), lambda: predictor)
    assert outcome.num_without_words == 0


def test_links_that_lead_nowhere_are_told(predictor, tmp_path):
    for name in ("lost.png", "loop.png", "loop.mp4"):
        (tmp_path / name).symlink_to(name if "loop" in name else "nowhere")
    paths = [tmp_path / name for name in ("lost.png", "loop.png", "loop.mp4")]
    links = [Source(path, Path(path.name), path.suffix == ".mp4") for path in paths]
    outcome, _ = go(links, settings(tmp_path / "out", opts=OPTS), lambda: predictor)
    assert {failure.reason for failure in outcome.failures} == {"it is a link that leads nowhere"}
    assert len(outcome.failures) == 3
