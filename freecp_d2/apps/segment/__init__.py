"""
Photographs and videos labelled from the command line: what `demo/demo.py` does.

| file | what |
|---|---|
| `kinds.py`, `inputs.py` | what is an input: files, patterns, folders |
| `names.py` | what the results of each input are called |
| `outputs.py` | what must not be written over |
| `reading.py` | an image from a file, or the reason why not |
| `settings.py`, `records.py` | what results depend on, `NAME.json`, what is done already |
| `image.py` | one image |
| `drawing.py`, `legend.py`, `fonts.py`, `label_png.py`, `scores_file.py` | its files |
| `video.py` | one video: `video_files.py`, `frame_drawing.py` |
| `decisions.py`, `shares.py` | what was decided, as numbers |
| `gallery.py`, `thumbnails.py` | `index.html` |
| `run.py` | the whole run |
"""

from .inputs import Failure, Inputs, Source, find_inputs
from .output_names import output_names
from .outputs import check_folders, check_page, check_results
from .records import is_taken
from .run import Outcome, Progress, StoppedError, Task, plan, run
from .settings import Settings

__all__ = [
    "Failure",
    "Inputs",
    "Outcome",
    "Progress",
    "Settings",
    "Source",
    "StoppedError",
    "Task",
    "check_folders",
    "check_page",
    "check_results",
    "find_inputs",
    "is_taken",
    "output_names",
    "plan",
    "run",
]
