"""The version of freecp_d2, which setuptools reads without importing the package."""

__version__ = "0.2.0.dev0"
