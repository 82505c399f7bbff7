"""Write videos with PyAV: H.264, each frame at its own time, and the sound of the source."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from .video_files import Timing

_ENCODERS = {
    "libx264": ("H.264", {"crf": "20", "preset": "fast"}),
    "libopenh264": ("H.264", {}),
    "libvpx-vp9": ("VP9", {"crf": "32", "b": "0"}),
    "mpeg4": ("MPEG-4 Part 2", {"qscale": "3"}),
}
"""Encoders of FFmpeg, best first, which a build may lack -> the codec's name, options."""

_COPIED = ("aac", "ac3", "alac", "eac3", "flac", "mp3", "opus")
"""Sound that an MP4 may have; other sound becomes AAC, mono or stereo."""

_TICKS = 90_000
"""Of a second."""

_BT601 = 6
"""FFmpeg's number of the colours of SMPTE 170M, which OpenCV assumes in every video."""


class SoundSink:
    """
    As `VideoSink`, with PyAV: keeps the times of the frames, and all tracks of sound of `source`.
    `sound` is "kept", "none", or "damaged" if the source cannot be read to its end.
    """

    is_resampled = False

    def __init__(self, path: Path, timing: Timing, size: tuple[int, int], source: Path):
        name, (self.codec, options) = _encoder()
        self.timing, self.last = timing, -1
        self.file = av.open(str(path), "w", options={"movflags": "faststart"})
        rate = Fraction(timing.rate).limit_denominator(1001)
        stream = self.file.add_stream(name, rate=rate, options=options)
        assert isinstance(stream, av.VideoStream)
        (stream.height, stream.width), stream.pix_fmt = size, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, _TICKS)
        context = stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = _BT601
        context.color_range = 1  # 16 to 235
        self.stream = stream
        self.track = _Sound(source, self.file)

    def __enter__(self) -> "SoundSink":
        return self

    def __exit__(self, kind: type | None, *error: object) -> None:
        if kind is None:
            self.file.mux(self.stream.encode(None))
            self.track.write_until(float("inf"))
        self.file.close()

    @property
    def sound(self) -> str:
        return self.track.state

    def write(self, frame: np.ndarray, number: int) -> None:
        """Append the frame of that number, uint8 RGB (H, W, 3)."""
        seconds = self.timing.seconds(number) - self.timing.seconds(0)
        self.last = max(round(seconds * _TICKS), self.last + 1)
        self.track.write_until(seconds)
        shown = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        shown = shown.reformat(format="yuv420p", dst_colorspace="ITU601", dst_color_range="MPEG")
        shown.pts, shown.time_base = self.last, Fraction(1, _TICKS)
        self.file.mux(self.stream.encode(shown))


class _Sound:
    """
    The sound of a video, written between its frames; times count from the first frame, and what is
    before it is left out.
    """

    def __init__(self, source: Path, output: "av.container.OutputContainer"):
        self.output, self.state = output, "none"
        self.packets: Iterator[tuple[float, list[av.Packet]]] = iter(())
        try:
            file = av.open(str(source))
            tracks = {s.index: _Track(s, output) for s in file.streams.audio}
        except (av.FFmpegError, ValueError):
            self.state = "damaged"
            tracks = {}
        if tracks:
            self.state = "kept"
            self.packets = self._read(file, tracks)
        self.next = next(self.packets, None)

    def _read(
        self, source: "av.container.InputContainer", tracks: dict[int, "_Track"]
    ) -> Iterator[tuple[float, list[av.Packet]]]:
        """(seconds, packets to write), in the order of the file."""
        video = source.streams.video[0] if source.streams.video else None
        first = Fraction(0)
        if video and video.start_time and video.time_base:
            first = video.start_time * video.time_base
        try:
            for packet in source.demux(*source.streams.audio):
                if packet.dts is None or packet.time_base is None:
                    continue
                seconds = packet.dts * packet.time_base - first
                if seconds + (packet.duration or 0) * packet.time_base > 0:
                    yield float(seconds), tracks[packet.stream.index].convert(packet, first)
        except av.FFmpegError:
            self.state = "damaged"
        for track in tracks.values():
            yield float("inf"), track.flush(first)

    def write_until(self, seconds: float) -> None:
        while self.next is not None and self.next[0] <= seconds:
            self.output.mux(self.next[1])
            self.next = next(self.packets, None)


class _Track:
    """One track, copied if an MP4 may have its codec, as AAC otherwise."""

    def __init__(self, stream: "av.AudioStream", output: "av.container.OutputContainer"):
        self.source = stream
        self.is_copied = stream.codec_context.codec.name in _COPIED
        if self.is_copied:
            self.stream = output.add_stream_from_template(stream)
        else:
            self.stream = output.add_stream("aac", rate=stream.codec_context.sample_rate)
            self.stream.layout = "mono" if stream.layout.nb_channels == 1 else "stereo"
        self.stream.metadata.update(stream.metadata)

    def convert(self, packet: av.Packet, first: Fraction) -> list[av.Packet]:
        """The packets of the new track, their times counted from `first` seconds."""
        if not self.is_copied:
            return self._encode(packet, first)
        assert packet.dts is not None, "`_read` skips these"
        assert packet.time_base is not None, "`_read` skips these"
        shift = round(first / packet.time_base)
        packet.dts -= shift
        packet.pts = packet.dts if packet.pts is None else packet.pts - shift
        packet.stream = self.stream
        return [packet]

    def flush(self, first: Fraction) -> list[av.Packet]:
        """The packets that the codecs still hold."""
        if self.is_copied:
            return []
        return [*self._encode(None, first), *self.stream.encode(None)]

    def _encode(self, packet: av.Packet | None, first: Fraction) -> list[av.Packet]:
        found = []
        for frame in self.source.codec_context.decode(packet):
            if frame.pts is not None and frame.time_base is not None:
                frame.pts -= round(first / frame.time_base)
            found += self.stream.encode(frame)
        return found


def _encoder() -> tuple[str, tuple[str, dict[str, str]]]:
    for name, found in _ENCODERS.items():
        try:
            av.Codec(name, "w")
        except (ValueError, av.FFmpegError):
            continue
        return name, found
    raise OSError(f"PyAV has none of the encoders {', '.join(_ENCODERS)}; install another build")
