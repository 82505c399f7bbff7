"""With PyAV a labelled video keeps sound, timing and shape; without it the record says what not."""

import importlib.util
from fractions import Fraction

import numpy as np
import pytest

from freecp_d2.apps.segment.inputs import Source
from freecp_d2.apps.segment.labelling import plan
from freecp_d2.apps.segment.run import run
from freecp_d2.apps.segment.video import label_video
from freecp_d2.text import load_vocabulary

from .samples import PAGE_WORDS, SMALL, settings, write_video

TIMES = [0.5 + 0.04 * i for i in range(4)] + [2.5 + 0.04 * i for i in range(4)]
"""Seconds of the frames: the video starts after the sound and has a pause."""
BEEP, RATE = 2.0, 48000


@pytest.fixture
def given(tmp_path):
    return settings(tmp_path / "out", opts=SMALL, vocabulary=load_vocabulary(PAGE_WORDS))


def write(path, sound="aac", layout="mono"):
    """A film with pixels of 16:11, and a beep of 0.1 s at `BEEP`."""
    av = pytest.importorskip("av", reason="sound is an extra: pip install -e '.[video]'")
    with av.open(str(path), "w") as file:
        video = file.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.time_base = video.time_base = Fraction(1, 1000)
        video.codec_context.sample_aspect_ratio = Fraction(16, 11)
        track = file.add_stream(sound, rate=RATE)
        track.layout = layout
        for i, seconds in enumerate(TIMES):
            pixels = np.full((48, 64, 3), (200, 20 * i, 40), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = round(1000 * seconds), Fraction(1, 1000)
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
        wave = np.zeros((1 + (layout == "stereo"), 3 * RATE), dtype=np.int16)
        beep = slice(int(BEEP * RATE), int((BEEP + 0.1) * RATE))
        wave[:, beep] = 20000 * np.sin(np.arange(RATE // 10) / 5)
        for start in range(0, wave.shape[1], 1000):
            part = np.ascontiguousarray(wave[:, start : start + 1000].T.reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
            file.mux(track.encode(frame))
        file.mux(track.encode(None))


def stamps(path):
    """Seconds of the frames, and of the beep."""
    import av

    with av.open(str(path)) as file:
        shown = [frame.time for frame in file.decode(video=0)]
    with av.open(str(path)) as file:
        for frame in file.decode(audio=0):
            wave = np.abs(frame.to_ndarray()[0] / (32768 if "s16" in frame.format.name else 1))
            if wave.max() > 0.2:
                step = 1 + (frame.format.name == "s16" and frame.layout.nb_channels == 2)
                return shown, frame.time + int(np.argmax(wave > 0.2)) / step / RATE
    return shown, None


@pytest.mark.parametrize(
    ("suffix", "sound", "layout"),
    [(".mp4", "aac", "mono"), (".mkv", "flac", "stereo"), (".mkv", "pcm_s16le", "stereo")],
)
def test_sound_timing_and_shape_are_kept(predictor, given, tmp_path, suffix, sound, layout):
    path = tmp_path / f"film{suffix}"
    write(path, sound, layout)
    assert stamps(path) == (pytest.approx(TIMES, abs=1e-3), pytest.approx(BEEP, abs=2e-3))
    record = label_video(predictor, Source(path, path, True), path.relative_to(tmp_path), given)
    assert (record["sound"], record["resampled"], record["problem"]) == ("kept", False, "")
    labelled = given.output / record["files"]["video"]
    shown, heard = stamps(labelled)
    assert shown == pytest.approx([t - TIMES[0] for t in TIMES], abs=1e-3)
    assert heard == pytest.approx(BEEP - TIMES[0], abs=2e-3)
    import av

    with av.open(str(labelled)) as file:
        stream = file.streams.video[0]
        assert (stream.width, stream.height) == (94, 48)  # 64 * 16 / 11, made even
        assert stream.sample_aspect_ratio in (None, 0, 1)
        names = {"H.264": "h264", "VP9": "vp9", "MPEG-4 Part 2": "mpeg4"}
        assert stream.codec_context.codec.name == names[record["codec"]]
    if "libx264" in av.codecs_available:
        assert record["codec"] == "H.264"


def test_a_video_without_sound_and_one_that_is_no_longer_readable(predictor, given, tmp_path):
    pytest.importorskip("av")
    write_video(tmp_path / "film.mp4", num_frames=3)
    source = Source(tmp_path / "film.mp4", tmp_path, True)
    record = label_video(predictor, source, given.output / "film", given)
    assert (record["sound"], record["frames"]) == ("none", 3)
    names = sorted(path.name for path in given.output.iterdir())
    assert names == ["film.json", "film_frames.jsonl", "film_labelled.mp4"]


def test_without_pyav_the_record_and_the_run_say_so(predictor, given, tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "av" else find(name, *rest)
    )
    write_video(tmp_path / "film.mp4", num_frames=3)
    source = Source(tmp_path / "film.mp4", tmp_path, True)
    names = [given.output / "film"]
    summary = run(plan([source], names, given), lambda: predictor, given)
    assert (summary.num_labelled, summary.num_without_sound) == (1, 1)
    (task,) = plan([source], names, given)
    assert task.record is not None
    assert task.record["sound"] == "left out"
    assert task.record["codec"] in ("VP9", "MPEG-4 Part 2")
