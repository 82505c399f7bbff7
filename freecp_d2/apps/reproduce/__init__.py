"""
The paper's Tab. 1 to 6: its numbers, the runs that make ours, and both beside each other.

`paper.yaml` holds what is printed and `tables` what each cell is, a config file and overrides;
`plan` makes a `grid` of runs from them, `runs` starts these as processes, `outcomes` reads what
came of them, `layout` and `writing` show it. `tools/reproduce.py` is the command.
"""

from .grid import Cell, Grid, Request, Run
from .layout import Layout, gist, lay_out, lay_out_states
from .outcomes import Outcome, read_outcomes
from .paper import TOLERANCE, PaperTable, benchmark_titles, read_table
from .plan import plan_grid
from .runs import command_line, execute, read_record
from .tables import BENCHMARKS, METHODS, SOURCES
from .writing import write_files

__all__ = [
    "BENCHMARKS",
    "METHODS",
    "SOURCES",
    "TOLERANCE",
    "Cell",
    "Grid",
    "Layout",
    "Outcome",
    "PaperTable",
    "Request",
    "Run",
    "benchmark_titles",
    "command_line",
    "execute",
    "gist",
    "lay_out",
    "lay_out_states",
    "plan_grid",
    "read_outcomes",
    "read_record",
    "read_table",
    "write_files",
]
