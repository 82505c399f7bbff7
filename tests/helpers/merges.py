"""tools/storybook/merges.py as a module: subsets of CLIP's merges for small tokenizers."""

import importlib.util
from pathlib import Path

_FILE = Path(__file__).resolve().parents[2] / "tools" / "storybook" / "merges.py"
_spec = importlib.util.spec_from_file_location("storybook_merges", _FILE)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)

merges_for, write_merges = _module.merges_for, _module.write_merges
num_tokens = _module.num_tokens
