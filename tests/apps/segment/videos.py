"""A short video of a drawn page that slides by."""

import cv2
import numpy as np

from freecp_d2.data.storybook import draw_scene


def write_video(path, num_frames=6, size=(48, 64), rate=12.5, codec="mp4v", suffix=".mp4"):
    """Write it, whatever `path` ends in; returns its frames, uint8 RGB (H, W, 3)."""
    height, width = size
    page = cv2.resize(draw_scene(3).image, (2 * width, 2 * height), interpolation=cv2.INTER_AREA)
    frames = [page[i : i + height, i : i + width] for i in range(num_frames)]
    aside = path.with_suffix(suffix)
    writer = cv2.VideoWriter(str(aside), cv2.VideoWriter.fourcc(*codec), rate, (width, height))
    assert writer.isOpened()
    for frame in frames:
        writer.write(cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2BGR))
    writer.release()
    aside.rename(path)
    return frames
