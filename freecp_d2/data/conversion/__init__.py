"""Converting annotations into label files of train ids; the commands are in `datasets/`."""
