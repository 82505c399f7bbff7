"""What pyproject.toml cannot say: `configs/` is a package, and links of the README on PyPI."""

import re
from pathlib import Path

from setuptools import find_packages, setup


def readme_of_pypi() -> str:
    """
    README.md, whose relative links PyPI cannot follow: they lead to `Repository` of
    [project.urls]; without it, links are their text and images are left out.
    """
    project = Path("pyproject.toml").read_text(encoding="utf-8")
    repository = re.search(r'^Repository = "(.+?)/?"', project, re.M)

    def absolute(link: re.Match) -> str:
        is_image, text, target = link.groups()
        if repository is None:
            return "" if is_image else text
        kind = "raw" if is_image else "blob"
        return f"{is_image}[{text}]({repository[1]}/{kind}/HEAD/{target})"

    relative = r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)]+)\)"
    return re.sub(relative, absolute, Path("README.md").read_text(encoding="utf-8"))


setup(
    packages=[*find_packages(include=["freecp_d2", "freecp_d2.*"]), "freecp_d2.configs"],
    py_modules=["freecp"],
    package_dir={"freecp_d2.configs": "configs"},
    long_description=readme_of_pypi(),
    long_description_content_type="text/markdown",
)
