"""Label images and videos from the command line: `freecp segment`."""
