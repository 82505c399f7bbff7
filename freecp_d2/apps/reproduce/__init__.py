"""
The paper's Tab. 1 to 6: its numbers, runs that reproduce them, and both side by side.

`tables` has the printed numbers, and the config file and overrides of each cell. `plan` makes a
grid of runs, `runs` starts them as processes, `results` reads their files, `writing` prints the
table. `command` is `freecp reproduce`.
"""
