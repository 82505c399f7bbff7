"""
Photographs and videos labelled from the command line: what `demo/demo.py` does.

| file | what |
|---|---|
| `kinds.py`, `inputs.py` | what is an input: files, patterns, folders |
| `names.py` | what the results of each input are called |
| `reading.py` | a picture from a file, or the reason why not |
| `settings.py`, `records.py` | what results depend on, `NAME.json`, what is done already |
| `picture.py` | one picture |
| `drawing.py`, `legend.py`, `fonts.py`, `label_png.py`, `scores_file.py` | its files |
| `video.py` | one video: `video_files.py`, `frame_drawing.py` |
| `decisions.py`, `shares.py` | what was decided, as numbers |
| `gallery.py`, `thumbnails.py` | `index.html` |
| `run.py` | the whole run |
"""

from .inputs import Failure, Inputs, Source, find_inputs, printable
from .names import output_names
from .run import Outcome, Progress, Task, plan, run
from .settings import Settings

__all__ = [
    "Failure",
    "Inputs",
    "Outcome",
    "Progress",
    "Settings",
    "Source",
    "Task",
    "find_inputs",
    "output_names",
    "plan",
    "printable",
    "run",
]
