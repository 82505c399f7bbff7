"""The page of `freecp web` where a host runs a file, such as a Space of Hugging Face."""

import os
import sys

from freecp import run

if __name__ == "__main__":
    port = os.environ.get("PORT", "7860")
    run("freecp_d2.apps.web.command", "main", ["--host", "0.0.0.0", "--port", port, *sys.argv[1:]])
