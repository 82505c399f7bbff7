"""What pyproject.toml cannot say: `configs/` is installed as the package `freecp_d2.configs`."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["freecp_d2", "freecp_d2.*"]), "freecp_d2.configs"],
    py_modules=["freecp"],
    package_dir={"freecp_d2.configs": "configs"},
)
