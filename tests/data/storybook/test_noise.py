"""The table of the sine, and arithmetic that is exact on every machine."""

import ast
from pathlib import Path

import freecp_d2.data.storybook

FOLDER = Path(freecp_d2.data.storybook.__file__).parent
NO_DRAWING = ("dataset.py",)
DRAWING = [path for path in sorted(FOLDER.rglob("*.py")) if path.name not in NO_DRAWING]

EXACT = {
    *("abs", "ceil", "clip", "floor", "minimum", "reduce", "sqrt"),  # correctly rounded, by IEEE
    *("arange", "array", "asarray", "concatenate", "ones", "zeros"),
    *("argsort", "where"),
    *("bool", "float64", "int64", "ndarray", "uint8"),
}
"""What may be taken from NumPy: results that IEEE 754 fixes to the last bit."""


def taken(path, library):
    """Attributes of `library` that a file's code names: "np.sqrt" -> sqrt."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            base = node.value
            while isinstance(base, ast.Attribute):
                base = base.value
            if isinstance(base, ast.Name) and base.id == library:
                yield node.attr


class TestExactArithmetic:
    """
    The same pixels on every machine: sines, exponentials and powers differ in their last digit from
    one mathematical library to the next, sums from one vector unit to the next.
    """

    def test_numpy_functions(self):
        names = {str(path.relative_to(FOLDER)) for path in DRAWING}
        assert {"canvas.py", "scene.py", "textures.py", "things/moving.py"} <= names
        for path in DRAWING:
            allowed = EXACT | ({"random", "RandomState"} if path.name == "noise.py" else set())
            assert set(taken(path, "np")) - allowed == set(), path

    def test_no_other_mathematics(self):
        allowed = {"numpy", "math", "yaml", "itertools", "dataclasses", "pathlib", "collections"}
        for path in DRAWING:
            nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
            assert not [node for node in nodes if isinstance(node, ast.Pow | ast.MatMult)], path
            modules = [a.name for node in nodes if isinstance(node, ast.Import) for a in node.names]
            modules += [n.module for n in nodes if isinstance(n, ast.ImportFrom) and not n.level]
            roots = {module.partition(".")[0] for module in modules}
            assert roots <= allowed | {"typing"}, path
            assert ("math" in roots) == (path.name == "noise.py"), path
