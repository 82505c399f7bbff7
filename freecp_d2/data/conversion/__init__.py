"""Convert annotations into label files of train ids; the command is `freecp data prepare`."""
