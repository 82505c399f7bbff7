"""The command `freecp data`."""
