"""Rules on the source tree: imports, sizes, one equation a file, documents whose commands exist."""

import ast
import functools
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
from tests.helpers.command import run

ROOT = Path(__file__).resolve().parent.parent
METHOD = ROOT / "freecp_d2" / "method"
PACKAGE = sorted((ROOT / "freecp_d2").rglob("*.py"))
TOOLS = sorted((ROOT / "tools").glob("*.py"))
SCRIPTS = [*TOOLS, *sorted((ROOT / "datasets").glob("*.py")), *sorted((ROOT / "demo").glob("*.py"))]
SOURCES = [*PACKAGE, *SCRIPTS, *sorted((ROOT / "examples").glob("*.py")), ROOT / "train_net.py"]
CONFIGS = sorted((ROOT / "configs").rglob("*.yaml"))
LEAVES = [path for path in CONFIGS if not path.name.startswith("Base-")]
BASES = [path for path in CONFIGS if path not in LEAVES]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "datasets" / "README.md"]

BENCHMARK = re.compile(r"freecp_(.+?)(?:_wide)?_val$")

BINARY = (".npz", ".safetensors", ".gz", ".png", ".jpg")

SOURCES_OF_AFFINITY = {
    "dino": "DINOAffinity", "sam": "SAMAffinity", "maskformer": "MaskFormerAffinity",
}  # fmt: skip
ARCHITECTURES = {
    "vitl14": "ViT-L/14", "openclip_vitl14": "ViT-L-14", "rn50x16": "RN50x16", "tips": "tipsv2",
}  # fmt: skip
"""How configs of Tab. 5 and 6 and of TIPSv2 end -> the value of their key."""

FLOORS = (
    {"utils", "method", "version"},
    {"d2_fallback"},
    {"d2"},
    {"config", "checkpoint", "text"},
    {"data", "modeling"},
    {"evaluation", "visualization"},
    {"engine"},
    {"apps", "model_zoo"},
)
"""Rooms of the package, from the bottom: a room imports only from floors below its own."""
ALIASES = {"words", "weights"}
"""Modules that keep an old name for a command of `apps`."""

MAX_LINES, MAX_FUNCTION = 250, 50
LONG_FUNCTIONS = {
    "freecp_d2/modeling/meta_arch/freecp_segmentor.py::__init__": "arguments and their checks",
}
"""path::function -> why it is longer than MAX_FUNCTION."""


def name_of(path):
    return str(path.relative_to(ROOT))


@functools.cache
def text_of(path):
    return path.read_text(encoding="utf-8")


@functools.cache
def tree(path):
    return ast.parse(text_of(path))


@functools.cache
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
    return frozenset(found)


def names_used(path):
    """Every attribute and name that occurs in the code of a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id


def importers(paths, wanted):
    """The files among `paths` that import a name for which `wanted(name)` holds, with the names."""
    found = {name_of(path): {name for name in imports(path) if wanted(name)} for path in paths}
    return {path: names for path, names in found.items() if names}


class TestImports:
    def test_only_the_gate_imports_detectron2(self):
        """By a name that it puts together."""
        assert not importers(SOURCES, lambda name: name.split(".")[0] == "detectron2")
        assert "detectron2" in text_of(ROOT / "freecp_d2" / "d2.py")

    def test_the_fallback_is_reached_through_the_gate(self):
        outside = [path for path in PACKAGE if "d2_fallback" not in path.parts]
        found = importers(outside, lambda name: "d2_fallback" in name)
        assert list(found) == ["freecp_d2/d2.py"]

    def test_nothing_imports_from_scripts(self):
        scripts = {script.stem for script in SCRIPTS} | {"tools"}
        others = [path for path in SOURCES if path not in TOOLS]  # tools share distractor_words
        assert not importers(others, lambda name: name.split(".")[0] in scripts)

    def test_rooms_import_from_floors_below(self):
        floor_of = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
        upward = []
        for path in PACKAGE:
            room = path.relative_to(ROOT / "freecp_d2").parts[0].removesuffix(".py")
            if room == "__init__" or room in ALIASES:
                continue
            for name in imports(path):
                top, _, rest = name.partition(".")
                other = rest.partition(".")[0]
                if (
                    top == "freecp_d2"
                    and other != room
                    and floor_of.get(other, 99) >= floor_of[room]
                ):
                    upward.append((name_of(path), name))
        assert not upward

    def test_what_imports_load(self):
        """Of the package, then of Predictor and of the web page without its server."""
        code = (
            "import sys, freecp_d2; print(*sys.modules); print(freecp_d2.Predictor.__name__)\n"
            "from freecp_d2.apps.web import command, inputs, labelling, results, visit\n"
            "print('gradio' in sys.modules, 'matplotlib' in sys.modules)"
        )
        result = run("-c", code)
        assert result.stderr == ""
        loaded, *rest = result.stdout.splitlines()
        assert rest == ["Predictor", "False False"]
        loaded = loaded.split()
        assert "freecp_d2.modeling.meta_arch.freecp_segmentor" in loaded
        unwanted = ("freecp_d2.apps", "freecp_d2.visualization", "freecp_d2.engine")
        unwanted += ("freecp_d2.data.storybook.scene",)
        unwanted += ("timm.", "segment_anything.", "transformers.", "scipy.")
        assert [name for name in loaded if f"{name}.".startswith(unwanted)] == []
        assert len([name for name in loaded if name.startswith("freecp_d2")]) <= 110

    def test_the_method_is_functions_of_tensors(self):
        files = sorted(METHOD.glob("*.py"))
        own = ("freecp_d2.method.", "freecp_d2.method")
        assert not importers(
            files,
            lambda name: (
                (name.startswith("freecp_d2") and not name.startswith(own))
                or re.match(r"torch\.nn($|\.(?!functional))", name)
            ),
        )
        banned = {"Module", "Registry", "cfg", "configurable", "cuda"}
        assert [name_of(path) for path in files if banned & set(names_used(path))] == []

    def test_no_print_no_hooks_no_cuda_calls(self):
        banned = {"register_forward_hook", "register_forward_pre_hook", "cuda"}
        offenders = []
        for path in PACKAGE:
            calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
            names = {getattr(c.func, "attr", getattr(c.func, "id", "")) for c in calls}
            if names & (banned if "apps" in path.parts else banned | {"print"}):
                offenders.append(name_of(path))
        assert not offenders


class TestSizes:
    def test_files(self):
        code = [path for path in SOURCES if path.name != "__init__.py"]
        assert [name_of(p) for p in code if len(text_of(p).splitlines()) > MAX_LINES] == []

    def test_functions(self):
        long = {
            f"{name_of(path)}::{node.name}"
            for path in SOURCES
            for node in ast.walk(tree(path))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.end_lineno - node.lineno >= MAX_FUNCTION
        }
        assert long <= set(LONG_FUNCTIONS)

    def test_readme(self):
        assert len(text_of(ROOT / "README.md").splitlines()) <= 120


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

    def test_the_design_document_has_the_same_table(self):
        design = text_of(ROOT / "docs" / "DESIGN.md")
        rows = re.findall(r"^\| (\(\d\).*?) .*? \| `(\w+)\.py` \| (.+) \|$", design, re.M)
        found = {file: set(re.findall(r"`([^`]+)`", functions)) for _, file, functions in rows}
        expected = {file: set(f.split(", ")) for numbers, file, f in self.table() if numbers}
        assert found == expected


class TestConfigs:
    def test_version_2_is_the_last_line(self):
        assert [name_of(p) for p in CONFIGS if text_of(p).splitlines()[-1] != "VERSION: 2"] == []

    def test_leaves_hold_what_their_names_say(self):
        for path in LEAVES:
            cfg, name = load_config(str(path)), name_of(path)
            assert f"output/{path.parent.name}/{path.stem}" == cfg.OUTPUT_DIR, name
            host = {cfg.MODEL.META_ARCHITECTURE, cfg.MODEL.PURIFIED.META_ARCHITECTURE}
            method = "sam3" if "SAM3Segmentor" in host else cfg.MODEL.CLIP.DENSE_ATTENTION
            assert path.stem.partition("_")[0] == method, name
            _, head, what = re.fullmatch(r"([a-z0-9]+)(_freecp)?(?:_(.+))?", path.stem).groups()
            assert bool(cfg.MODEL.PURIFICATION_HEAD.NAME) == bool(head), name
            found = cfg.MODEL.AFFINITY_HEAD.NAME
            assert what in (None, "original", "overlap", *SOURCES_OF_AFFINITY, *ARCHITECTURES)
            assert what not in SOURCES_OF_AFFINITY or found == SOURCES_OF_AFFINITY[what], name
            assert what not in ARCHITECTURES or ARCHITECTURES[what] == cfg.MODEL.CLIP.ARCH, name

    def test_a_base_sets_the_dataset_of_its_folder(self):
        for path in BASES:
            datasets = yaml.safe_load(text_of(path)).get("DATASETS", {}).get("TEST", "()")
            found = [BENCHMARK.match(name)[1] for name in ast.literal_eval(datasets)]
            assert found == ([] if path.parent.name == "configs" else [path.parent.name]), path

    def test_headers_name_their_files(self):
        command = "# python train_net.py --eval-only --config {}"
        headers = {name_of(path): text_of(path).splitlines()[0] for path in LEAVES}
        assert [name for name, line in headers.items() if line != command.format(name)] == []


def commands(text):
    """Lines of indented or fenced blocks, comments, and code spans, that look like commands."""
    lines = [line.strip(" #`") for line in text.splitlines()]
    spans = re.findall(r"`([^`\n]+)`", text)
    words = r"(?:[A-Z0-9_]+=\S* )*(?:python3?|torchrun|make|pip|pytest)\b"
    return [command for command in [*lines, *spans] if re.match(words, command)]


def documents():
    """Every text that tells a reader to type something."""
    return [*DOCUMENTS, *CONFIGS, *SOURCES, ROOT / "Makefile"]


class TestDocuments:
    def test_files_of_commands_exist(self):
        for path in documents():
            for command in commands(text_of(path)):
                files = re.findall(r"(?:^|\s)([\w./-]+\.(?:py|yaml))\b", command)
                assert all((ROOT / file).is_file() for file in files), (name_of(path), command)

    def test_make_targets_exist(self):
        targets = set(re.findall(r"^([\w-]+):(?!=)", text_of(ROOT / "Makefile"), re.M))
        for path in DOCUMENTS:
            for command in commands(text_of(path)):
                named = set(re.findall(r"\bmake ((?!\.)[a-z-]+)", command))
                assert named <= targets, (name_of(path), command)

    def test_links_lead_somewhere(self):
        for path in DOCUMENTS:
            for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text_of(path)):
                exists = link.startswith("http") or (path.parent / link).exists()
                assert exists, (name_of(path), link)

    def test_every_config_is_in_the_zoo(self):
        zoo = (ROOT / "MODEL_ZOO.md").read_text()
        assert [name_of(path) for path in LEAVES if f"({name_of(path)})" not in zoo] == []

    def test_every_tool_is_documented(self):
        text = text_of(ROOT / "docs" / "REPRODUCTION.md")
        assert [path.name for path in TOOLS if f"`{path.name}`" not in text] == []

    def test_the_example_of_the_readme_runs(self, monkeypatch, tmp_path):
        """With the weights and the image that are here."""
        (usage,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
        usage = usage.replace("ade20k/", "storybook/").replace("photo.jpg", "page.png")
        shutil.copy(ROOT / "demo" / "page.png", tmp_path)
        monkeypatch.chdir(tmp_path)
        names = {}
        exec(usage, names)
        found = names["prediction"]
        assert found.label_map.shape == found.scores.shape[1:] == (192, 256)
        assert found.names == ("cat", "dog", "sofa")
        words = found.purification
        assert {w.word for w in (*words.kept, *words.contested, *words.removed)} == set(found.names)

    def test_the_affinity_of_the_examples_runs(self, tiny_cfg):
        text = text_of(ROOT / "docs" / "EXTENDING.md")
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
