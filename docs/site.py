"""A hook of `mkdocs.yml`: pages keep their places in the repository, so that links work in both."""

import re
from pathlib import Path
from typing import Any

PAGES = ("*.md", "docs/*.md", "datasets/README.md")


def on_files(files: Any, config: Any) -> Any:
    """Replace the files of docs/ by the pages of the repository and the files that they link to."""
    from mkdocs.structure.files import File

    root = Path(config.config_file_path).resolve().parent
    for file in list(files):
        if file.src_dir == config.docs_dir:
            files.remove(file)
    pages = [page for pattern in PAGES for page in sorted(root.glob(pattern))]
    linked = {
        (page.parent / link).resolve()
        for page in pages
        for link in re.findall(r"\]\(([^)#:]+)", page.read_text(encoding="utf-8"))
    }
    for path in [*pages, *sorted(linked - {*pages})]:
        if path.is_file():
            name = path.relative_to(root).as_posix()
            files.append(File(name, str(root), config.site_dir, config.use_directory_urls))
    return files
