"""Paint stuff and things on a page, back to front, and label every pixel."""

from collections.abc import Sequence

import numpy as np

from .classes import CLASS_INDEX
from .noise import Rng, blend, coordinates, noise, wave
from .textures import TEXTURES
from .things import THINGS, draw_thing

EDGES = ("flat", "wavy", "hilly", "ridge", "slant")
_NATURAL_EDGE = {"hill": "hilly", "mountain": "ridge", "forest": "wavy"}


class Painter:
    """A page and its labels; classes that are not `allowed` are skipped."""

    def __init__(self, h: int, w: int, chance: Rng, allowed: Sequence[str]):
        self.h, self.w, self.chance = h, w, chance
        self.allowed = frozenset(allowed)
        self.colour = np.zeros((h, w, 3))  # about [0, 1]
        self.labels = np.zeros((h, w), dtype=np.uint8)  # index into `classes.CLASSES`
        self.tint = (1.0, 1.0, 1.0)  # colour of the light at this time of day

    def choose(self, *names: str) -> str:
        """Pick an allowed name; one that is given twice is twice as likely."""
        return self.chance.pick([name for name in names if name in self.allowed])

    def fill(
        self, name: str, top: float = 0.0, edge: str = "", texture: np.ndarray | None = None
    ) -> None:
        """Paint stuff below `top`, a fraction of the height, with one of `EDGES`."""
        line = top * self.h + self._edge(edge or _NATURAL_EDGE.get(name, "flat"))
        first = int(min(max(float(line.min()), 0.0), self.h - 1.0))
        h = self.h - first
        y, _ = coordinates(h, self.w)
        below = (
            np.clip(y + (first + 0.5) - line[None, :], 0.0, 1.0)
            if top > 0
            else np.ones((h, self.w))
        )
        filling = TEXTURES[name](self.chance, h, self.w) if texture is None else texture
        if name == "mountain":
            filling = self._snow_caps(filling, y + first - line[None, :])
        self.colour[first:] = blend(self.colour[first:], filling, below)
        self.labels[first:][below > 0.5] = CLASS_INDEX[name]

    def path(self, name: str, top: float) -> None:
        """Paint a winding band from height `top` to the lower edge, wider towards the front."""
        y, x = coordinates(self.h, self.w)
        first = int(top * self.h)
        foot, slant = self.chance.uniform(0.2, 0.8) * self.w, self.chance.uniform(-0.7, 0.7)
        middle = foot + slant * (y - self.h) + 14.0 * wave(y / 95.0 + self.chance.uniform()) - 7.0
        half = 9.0 + 0.36 * (y - first)
        inside = np.clip(half - np.abs(x - middle) + 0.5, 0.0, 1.0) * (y >= first)
        self.colour = blend(self.colour, TEXTURES[name](self.chance, self.h, self.w), inside)
        self.labels[inside > 0.5] = CLASS_INDEX[name]

    def patch(self, name: str, y0: int, y1: int, x0: int, x1: int) -> None:
        """Paint a rectangle of stuff, in pixels."""
        self.colour[y0:y1, x0:x1] = TEXTURES[name](self.chance, y1 - y0, x1 - x0)
        self.labels[y0:y1, x0:x1] = CLASS_INDEX[name]

    def place(self, name: str, x: float, y: float, scale: float = 1.0) -> None:
        """Draw a thing with its middle at `x` and its foot (if grounded) or middle at `y`."""
        thing = draw_thing(name, self.chance, scale)
        left = round(x * self.w - thing.w / 2)
        if THINGS[name].grounded:
            top = round(y * self.h - thing.h)
            self._shadow(x * self.w, y * self.h, thing.w)
        else:
            top = round(y * self.h - thing.h / 2)
        y0, x0 = max(top, 0), max(left, 0)
        y1, x1 = min(top + thing.h, self.h), min(left + thing.w, self.w)
        if y1 <= y0 or x1 <= x0:
            return
        page = (slice(y0, y1), slice(x0, x1))
        part = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
        cover = thing.cover[part]
        self.colour[page] = self.colour[page] * (1.0 - cover[..., None]) + thing.colour[part]
        self.labels[page][cover > 0.5] = CLASS_INDEX[name]

    def stand(self, count: int, names: Sequence[str], top: float, bottom: float) -> None:
        """Place things on the ground, the farther and smaller ones first."""
        feet = sorted(self.chance.uniform(top, bottom) for _ in range(count))
        for x, foot in zip(self.spots(count), feet, strict=True):
            near = (foot - top) / max(bottom - top, 1e-6)
            scale = (0.75 + 0.4 * near) * self.chance.uniform(0.85, 1.2)
            self.place(self.choose(*names), x, foot, scale)

    def hang(self, count: int, names: Sequence[str], top: float, bottom: float) -> None:
        """Place things in the air or on the wall."""
        for x in self.spots(count):
            height, scale = self.chance.uniform(top, bottom), self.chance.uniform(0.75, 1.25)
            self.place(self.choose(*names), x, height, scale)

    def spots(self, count: int) -> list[float]:
        """Horizontal positions in random order, one in each of `count` equal strips."""
        return self.chance.shuffled(
            [(i + self.chance.uniform(0.2, 0.8)) / count for i in range(count)]
        )

    def light(self) -> None:
        """Apply the light of the time of day, from one side, and the grain of the paper."""
        y, x = coordinates(self.h, self.w)
        tilt = self.chance.uniform(-0.14, 0.14), self.chance.uniform(-0.14, 0.14)
        slope = 1.0 + tilt[0] * (y / self.h - 0.5) + tilt[1] * (x / self.w - 0.5)
        grain = self.chance.uniform(0.0, 0.07) * (self.chance.array(self.h, self.w) - 0.5)
        self.colour = self.colour * slope[..., None] * self.tint + grain[..., None]

    def _shadow(self, x: float, y: float, width: int) -> None:
        """Darken the ground at the foot of a thing; its label stays."""
        py, px = coordinates(self.h, self.w)
        u, v = (px - x) / (0.55 * width), (py - y) / (0.09 * width)
        dark = np.clip(1.0 - u * u - v * v, 0.0, 1.0)
        self.colour = self.colour * (1.0 - 0.4 * dark)[..., None]

    def _snow_caps(self, rock: np.ndarray, depth: np.ndarray) -> np.ndarray:
        """Paint summits white; `depth` is pixels below the ridge."""
        if self.chance.maybe(0.3):
            return rock
        h, w = depth.shape
        cap = depth < self.chance.uniform(6, 14) + 14.0 * noise(self.chance, h, w, 7)
        return blend(rock, (0.95, 0.96, 0.99), 0.88 * cap)

    def _edge(self, kind: str) -> np.ndarray:
        """Offset of a border below its height in pixels, shape (w,)."""
        x = np.arange(self.w, dtype=np.float64) / self.w
        uniform = self.chance.uniform
        if kind == "flat":
            return np.zeros(self.w)
        if kind == "wavy":
            return 9.0 * (wave(x * uniform(1, 2.4) + uniform()) - 0.5) + 5.0 * wave(
                x * uniform(4, 7)
            )
        if kind == "hilly":
            return -uniform(22, 46) * wave(x * uniform(0.6, 1.4) + uniform()) - 6.0 * wave(x * 2.3)
        if kind == "slant":
            return (x - 0.5) * uniform(-50, 50)
        if kind == "ridge":
            peaks = self.chance.integer(5, 8)
            heights = [uniform(-58, -24) if i % 2 else uniform(-6, 16) for i in range(peaks)]
            return _broken_line(x, heights)
        raise ValueError(f"edge {kind!r} is unknown; use one of {EDGES}.")


def _broken_line(x: np.ndarray, heights: Sequence[float]) -> np.ndarray:
    """Interpolate heights at even distances in [0, 1]; np.interp may fuse multiply and add."""
    position = x * (len(heights) - 1.0)
    before = np.floor(position).astype(np.int64)
    values = np.array([*heights, heights[-1]])
    rise = values[before + 1] - values[before]
    return values[before] + rise * (position - before)
