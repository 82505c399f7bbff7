"""What the tree promises: who imports what, sizes, one equation a file, commands that exist."""

import ast
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import torch
import yaml

from freecp_d2.d2 import build_model
from freecp_d2.engine import load_config

ROOT = Path(__file__).resolve().parent.parent
METHOD = ROOT / "freecp_d2" / "method"
PACKAGE = sorted((ROOT / "freecp_d2").rglob("*.py"))
TOOLS = sorted((ROOT / "tools").glob("*.py"))
DEMOS = sorted((ROOT / "demo").glob("*.py"))
SCRIPTS = [*TOOLS, *sorted((ROOT / "datasets").glob("*.py")), *DEMOS]
SOURCES = [*PACKAGE, *SCRIPTS, *sorted((ROOT / "examples").glob("*.py")), ROOT / "train_net.py"]
CONFIGS = sorted((ROOT / "configs").rglob("*.yaml"))
LEAVES = [path for path in CONFIGS if not path.name.startswith("Base-")]
BASES = [path for path in CONFIGS if path not in LEAVES]
DOCUMENTS = ["README.md", "INSTALL.md", "MODEL_ZOO.md", "WORDS.md"]
DOCUMENTS += [f"{folder}/README.md" for folder in ("datasets", "demo", "examples", "tools")]

BENCHMARK = re.compile(r"freecp_(.+?)(?:_wide)?_val$")

BINARY = (".npz", ".safetensors", ".gz", ".png", ".jpg")

SOURCES_OF_AFFINITY = {
    "dino": "DINOAffinity", "sam": "SAMAffinity", "maskformer": "MaskFormerAffinity",
}  # fmt: skip
ARCHITECTURES = {"vitl14": "ViT-L/14", "openclip_vitl14": "ViT-L-14", "rn50x16": "RN50x16"}
"""How configs of Tab. 5 and 6 end -> the value of their key."""

MAX_LINES, MAX_FUNCTION = 250, 50
LONG_FUNCTIONS = {
    "freecp_d2/freecp_segmentor.py::__init__": "arguments, their meaning and their checks",
}
"""path::function -> why it is longer than MAX_FUNCTION."""


def name_of(path):
    return str(path.relative_to(ROOT))


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=name_of)


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path):
    """Absolute dotted names that a file imports, wherever in the file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = [*parts[: len(parts) - node.level]] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def names_used(path):
    """Every attribute and name that occurs in the code of a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id


class TestImports:
    @each([path for path in SOURCES if name_of(path) != "freecp_d2/d2.py"])
    def test_only_the_gate_imports_detectron2(self, path):
        assert not {name for name in imports(path) if name.split(".")[0] == "detectron2"}

    def test_the_gate_does(self):
        assert any(name.startswith("detectron2.") for name in imports(ROOT / "freecp_d2/d2.py"))

    @each([path for path in PACKAGE if "d2_fallback" not in path.parts and path.stem != "d2"])
    def test_the_fallback_is_reached_through_the_gate(self, path):
        assert not {name for name in imports(path) if "d2_fallback" in name}

    @each(SOURCES)
    def test_nothing_imports_from_tools(self, path):
        scripts = {script.stem for script in SCRIPTS} | {"tools"}
        assert not {name for name in imports(path) if name.split(".")[0] in scripts}

    @each(sorted(METHOD.glob("*.py")))
    def test_the_method_is_functions_of_tensors(self, path):
        outside = {
            name
            for name in imports(path)
            if name.startswith("freecp_d2.") and not name.startswith("freecp_d2.method.")
        }
        assert not outside
        assert not {
            name for name in imports(path) if re.match(r"torch\.nn($|\.(?!functional))", name)
        }
        banned = {"Module", "Registry", "cfg", "configurable", "cuda"}
        assert not banned & set(names_used(path))

    @each(PACKAGE)
    def test_no_print_no_hooks_no_cuda_calls(self, path):
        calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
        names = {getattr(c.func, "attr", getattr(c.func, "id", "")) for c in calls}
        assert not names & {"print", "register_forward_hook", "register_forward_pre_hook", "cuda"}


class TestSizes:
    @each([path for path in SOURCES if path.name != "__init__.py"])
    def test_files(self, path):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES

    @each(SOURCES)
    def test_functions(self, path):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if f"{name_of(path)}::{node.name}" in LONG_FUNCTIONS:
                    continue
                assert node.end_lineno - node.lineno < MAX_FUNCTION, node.name

    def test_readme(self):
        assert len((ROOT / "README.md").read_text().splitlines()) <= 120

    def test_no_reason_is_left_over(self):
        for name in LONG_FUNCTIONS:
            path, _, function = name.partition("::")
            nodes = ast.walk(tree(ROOT / path))
            assert any(getattr(node, "name", None) == function for node in nodes), name


def claimed(title):
    """The numbers in "Eq. (3)" and "Eqs. (6) and (7)"."""
    found = re.match(r"Eqs?\. (\(\d\)(?:(?:, | and )\(\d\))*)", title)
    return [int(n) for n in re.findall(r"\d", found[1])] if found else []


class TestEquations:
    def claims(self):
        """File -> equations that the first line of its docstring claims."""
        docs = {path.stem: ast.get_docstring(tree(path)) or "" for path in METHOD.glob("*.py")}
        return {stem: claimed(doc) for stem, doc in docs.items() if stem != "__init__"}

    def table(self):
        """Rows of the table in `method/__init__.py`: (equations, file, functions)."""
        rows = re.findall(
            r"^\| (.+?) \| (.+?) \| (.+?) \|$",
            ast.get_docstring(tree(METHOD / "__init__.py")),
            re.M,
        )
        return [(claimed(a.strip()), b.strip(), c.strip()) for a, b, c in rows[2:]]

    def test_each_is_claimed_once(self):
        numbers = Counter(n for claim in self.claims().values() for n in claim)
        assert numbers == dict.fromkeys(range(1, 9), 1)

    def test_files_are_named_after_them(self):
        for stem, numbers in self.claims().items():
            assert [int(n) for n in re.findall(r"eq(\d)", stem)] == numbers, stem

    def test_the_table_agrees(self):
        assert {file: numbers for numbers, file, _ in self.table()} == self.claims()

    def test_functions_of_the_table_exist(self):
        for _, file, functions in self.table():
            defined = {n.name for n in tree(METHOD / f"{file}.py").body if hasattr(n, "name")}
            for function in functions.split(", "):
                pattern = re.compile(function.replace("*", r"\w+"))
                assert any(pattern.fullmatch(name) for name in defined), function

    def test_the_readme_has_the_same_table(self):
        readme = (ROOT / "README.md").read_text()
        rows = re.findall(r"^\| (\(\d\).*?) .*? \| `(\w+)\.py` \| (.+) \|$", readme, re.M)
        found = {file: set(re.findall(r"`([^`]+)`", functions)) for _, file, functions in rows}
        expected = {file: set(f.split(", ")) for numbers, file, f in self.table() if numbers}
        assert found == expected


class TestConfigs:
    @each(CONFIGS)
    def test_version_2_is_the_last_line(self, path):
        assert path.read_text().splitlines()[-1] == "VERSION: 2"

    @each(LEAVES)
    def test_it_loads(self, path):
        cfg = load_config(str(path))
        assert f"output/{path.parent.name}/{path.stem}" == cfg.OUTPUT_DIR
        assert path.stem.partition("_")[0] == cfg.MODEL.CLIP.DENSE_ATTENTION
        _, head, what = re.fullmatch(r"([a-z]+)(_freecp)?(?:_(.+))?", path.stem).groups()
        assert bool(cfg.MODEL.PURIFICATION_HEAD.NAME) == bool(head)
        found = cfg.MODEL.AFFINITY_HEAD.NAME
        assert what in (None, "original", *SOURCES_OF_AFFINITY, *ARCHITECTURES)
        assert what not in SOURCES_OF_AFFINITY or found == SOURCES_OF_AFFINITY[what]
        assert what not in ARCHITECTURES or ARCHITECTURES[what] == cfg.MODEL.CLIP.ARCH

    @each(BASES)
    def test_a_base_sets_the_dataset_of_its_folder(self, path):
        datasets = yaml.safe_load(path.read_text()).get("DATASETS", {}).get("TEST", "()")
        found = [BENCHMARK.match(name)[1] for name in ast.literal_eval(datasets)]
        assert found == ([] if path.parent.name == "configs" else [path.parent.name])

    @each(LEAVES)
    def test_its_header_names_itself(self, path):
        header = path.read_text().splitlines()[0]
        assert header == f"# python train_net.py --eval-only --config {name_of(path)}"


def commands(text):
    """Lines of indented or fenced blocks, comments, and code spans, that look like commands."""
    lines = [line.strip(" #`") for line in text.splitlines()]
    spans = re.findall(r"`([^`\n]+)`", text)
    words = r"(?:[A-Z0-9_]+=\S* )*(?:python3?|torchrun|make|pip|pytest)\b"
    return [command for command in [*lines, *spans] if re.match(words, command)]


def documents():
    """Every text that tells a reader to type something."""
    found = [ROOT / name for name in DOCUMENTS]
    return [*found, *CONFIGS, *SOURCES, ROOT / "Makefile"]


class TestDocuments:
    @each(documents())
    def test_files_of_commands_exist(self, path):
        for command in commands(path.read_text(encoding="utf-8")):
            files = re.findall(r"(?:^|\s)([\w./-]+\.(?:py|yaml))\b", command)
            missing = [file for file in files if not (ROOT / file).is_file()]
            assert not missing, command

    @each([ROOT / name for name in DOCUMENTS])
    def test_make_targets_exist(self, path):
        targets = set(re.findall(r"^([\w-]+):(?!=)", (ROOT / "Makefile").read_text(), re.M))
        for command in commands(path.read_text()):
            for named in re.findall(r"\bmake ((?!\.)[a-z-]+)", command):
                assert named in targets, command

    @each([ROOT / name for name in DOCUMENTS])
    def test_links_lead_somewhere(self, path):
        for link in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
            assert link.startswith("http") or (path.parent / link).exists(), link

    def test_commands_are_found(self):
        readme = commands((ROOT / "README.md").read_text())
        assert "make quickstart" in readme
        assert (
            sum(command.startswith(("python train_net.py", "torchrun")) for command in readme) == 2
        )

    def test_every_config_is_in_the_zoo(self):
        zoo = (ROOT / "MODEL_ZOO.md").read_text()
        assert [name_of(path) for path in LEAVES if f"({name_of(path)})" not in zoo] == []

    def test_every_tool_is_in_its_readme(self):
        text = (ROOT / "tools" / "README.md").read_text()
        assert [path.name for path in TOOLS if f"`{path.name}`" not in text] == []

    def test_the_example_of_the_readme_runs(self, monkeypatch):
        """With the weights and the picture that are here."""
        (usage,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
        usage = usage.replace("configs/ade20k/", "configs/storybook/")
        usage = usage.replace("photo.jpg", "demo/page.png")
        monkeypatch.chdir(ROOT)
        names = {}
        exec(usage, names)
        found = names["prediction"]
        assert found.label_map.shape == found.scores.shape[1:] == (192, 256)
        assert found.names == ("cat", "dog", "sofa")
        words = found.purification
        assert {w.word for w in (*words.kept, *words.contested, *words.removed)} == set(found.names)

    def test_the_affinity_of_the_examples_runs(self, tiny_cfg):
        text = (ROOT / "examples" / "README.md").read_text()
        (affinity,) = re.findall(r"```python\n(import torch.nn.functional.*?)```", text, re.S)
        exec(affinity, {})
        tiny_cfg.MODEL.AFFINITY_HEAD.NAME = "CosineAffinity"
        model = build_model(tiny_cfg).eval()
        assert type(model.affinity_head).__name__ == "CosineAffinity"
        scores = model([{"image": torch.zeros(3, 64, 96, dtype=torch.uint8)}])[0]["sem_seg"]
        assert scores.shape[1:] == (64, 96)


class TestTrackedFiles:
    def test_no_path_of_a_machine(self):
        """Tests may look for what others keep beside the checkout."""
        if not shutil.which("git") or not (ROOT / ".git").exists():
            pytest.skip("needs git and a checkout")
        command = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "ls-files"]
        listed = subprocess.run(command, capture_output=True, text=True, check=True)
        pattern = re.compile(r"\.\./shared|/home/\w|/root/|/work/|/Users/\w|/mnt/")
        for name in listed.stdout.splitlines():
            path = ROOT / name
            if name.startswith("tests/") or not path.is_file() or path.suffix in BINARY:
                continue
            found = pattern.search(path.read_text(encoding="utf-8"))
            assert not found, f"{name}: {found}"
