"""Every key is read, documented and has one type; misspelt keys get a hint."""

import ast
import io
import tokenize
from pathlib import Path

import freecp_d2
from freecp_d2.config import add_freecp_config
from freecp_d2.d2 import CfgNode, get_cfg

PACKAGE = Path(freecp_d2.__file__).parent
CONFIG = PACKAGE / "config.py"


def leaves(cfg, prefix=""):
    """Dotted key -> value, groups left out."""
    found = {}
    for name, value in cfg.items():
        if isinstance(value, CfgNode):
            found |= leaves(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def our_keys():
    cfg = get_cfg()
    before = set(leaves(cfg))
    add_freecp_config(cfg)
    return {key: value for key, value in leaves(cfg).items() if key not in before}


class KeysRead(ast.NodeVisitor):
    """
    Dotted keys that a function reads from a variable called `cfg`.

    Follows aliases such as `node = cfg.MODEL.CLIP` and `a, b = cfg.X, cfg.Y`; a group that is read
    as a whole does not count as reading its keys.
    """

    def __init__(self):
        self.keys = set()
        self.aliases = {}

    def path(self, node):
        """`cfg.A.B` -> "A.B", `cfg` -> "", anything else -> None."""
        if isinstance(node, ast.Name):
            return "" if node.id == "cfg" else self.aliases.get(node.id)
        if isinstance(node, ast.Attribute):
            parent = self.path(node.value)
            return None if parent is None else f"{parent}.{node.attr}".lstrip(".")
        return None

    def visit_FunctionDef(self, node):
        outer, self.aliases = self.aliases, {}
        self.generic_visit(node)
        self.aliases = outer

    def visit_Assign(self, node):
        self.visit(node.value)
        pairs = [(node.targets[0], node.value)]
        if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(node.targets[0].elts, node.value.elts, strict=True))
        for target, value in pairs:
            path = self.path(value)
            if isinstance(target, ast.Name) and path:
                self.aliases[target.id] = path
            elif not isinstance(target, ast.Name):
                self.visit(target)

    def visit_Attribute(self, node):
        path = self.path(node)
        if path is not None and isinstance(node.ctx, ast.Load):
            self.keys.add(path)
        self.generic_visit(node)


def keys_read(source):
    visitor = KeysRead()
    visitor.visit(ast.parse(source))
    return visitor.keys


def test_every_key_is_read():
    sources = [p for p in PACKAGE.rglob("*.py") if p != CONFIG]
    read = set().union(*(keys_read(path.read_text()) for path in sources))
    assert our_keys().keys() - read == set()


def test_every_key_is_explained():
    """By a comment on its line or right above it."""
    source, explained = CONFIG.read_text(), set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            is_alone = token.line.strip() == token.string
            explained.add(token.start[0] + is_alone)
    assignments = {
        ast.unparse(node.targets[0]): node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]).startswith("cfg.")
        and not ast.unparse(node.value).startswith("CfgNode")
    }
    assert {name.removeprefix("cfg.") for name in assignments} == set(our_keys())
    assert [name for name, line in assignments.items() if line not in explained] == []


def test_detectron2_keys_are_left_alone():
    plain, ours = get_cfg(), get_cfg()
    add_freecp_config(ours)
    ours = leaves(ours)
    assert {key: ours[key] for key in leaves(plain)} == leaves(plain)


def test_types():
    """yacs refuses an int for a float."""
    for key, value in our_keys().items():
        assert type(value) in (bool, int, float, str, list), key
        if key.endswith("THRESH"):
            assert type(value) is float, key
            assert 0 <= value <= 1, key
        if key.endswith("ENABLED"):
            assert type(value) is bool, key


def test_defaults_of_the_paper():
    keys = our_keys()
    expected = {
        "MODEL.CLIP.ARCH": "ViT-B/16",
        "MODEL.AFFINITY_HEAD.NAME": "CLIPAttentionAffinity",
        "MODEL.PURIFICATION_HEAD.NAME": "ClassPurification",
        "MODEL.PURIFICATION_HEAD.ORDER": "RP-AP",
        "MODEL.PURIFICATION_HEAD.AMBIGUITY.CROP_SIZE": 112,
        "MODEL.PURIFICATION_HEAD.AMBIGUITY.ELIMINATION": "region",
        "MODEL.SLIDING_WINDOW.SIZE": 384,
        "MODEL.SLIDING_WINDOW.STRIDE": 112,
    }
    assert {key: keys[key] for key in expected} == expected
