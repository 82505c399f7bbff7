"""A threshold may be a number in a file and "auto" on the command line, and the reverse."""

import pytest

from freecp_d2.engine import load_config
from freecp_d2.modeling.purification.class_purification import build_purification_head
from freecp_d2.modeling.purification.thresholds import THRESHOLD_KEYS

each_key = pytest.mark.parametrize("key", THRESHOLD_KEYS)


@pytest.fixture
def load(tmp_path, tiny_vocabulary):
    """A file whose base sets both thresholds to `base`, and itself the lines of `own`."""

    def load(base, own="", opts=()):
        head = "MODEL:\n  PURIFICATION_HEAD:\n"
        (tmp_path / "base.yaml").write_text(
            f"{head}    REDUNDANCY:\n      THRESH: {base}\n    AMBIGUITY:\n      THRESH: {base}\n"
            f"  TEXT:\n    VOCABULARY: {tiny_vocabulary}\n    BACKGROUND: distractor\n"
            'DATASETS:\n  TEST: ("freecp_ade20k_val",)\nVERSION: 2\n'
        )
        lines = f"{head}{own}" if own else ""
        (tmp_path / "leaf.yaml").write_text(f"_BASE_: base.yaml\n{lines}VERSION: 2\n")
        cfg = load_config(str(tmp_path / "leaf.yaml"), opts, for_images=True)
        node = cfg.MODEL.PURIFICATION_HEAD
        return cfg, {"REDUNDANCY.THRESH": node.REDUNDANCY.THRESH} | {
            "AMBIGUITY.THRESH": node.AMBIGUITY.THRESH
        }

    return load


def own(key, value):
    return f"    {key.split('.')[0]}:\n      THRESH: {value}\n"


@each_key
class TestBothWays:
    def test_a_number_in_the_file_auto_on_the_command_line(self, load, key):
        cfg, found = load(0.25, opts=[f"MODEL.PURIFICATION_HEAD.{key}", "auto"])
        assert found == {name: "auto" if name == key else 0.25 for name in THRESHOLD_KEYS}
        head = build_purification_head(cfg)
        assert {head.redundancy_thresh, head.ambiguity_thresh} == {"auto", 0.25}

    def test_auto_in_the_file_a_number_on_the_command_line(self, load, key):
        _, found = load("auto", opts=[f"MODEL.PURIFICATION_HEAD.{key}", "0.25"])
        assert found == {name: 0.25 if name == key else "auto" for name in THRESHOLD_KEYS}

    def test_auto_over_the_number_of_a_base(self, load, key):
        _, found = load(0.25, own(key, "auto"))
        assert found == {name: "auto" if name == key else 0.25 for name in THRESHOLD_KEYS}

    def test_a_number_over_the_auto_of_a_base(self, load, key):
        _, found = load("auto", own(key, 0.25))
        assert found == {name: 0.25 if name == key else "auto" for name in THRESHOLD_KEYS}

    def test_the_last_of_several_counts(self, load, key):
        name = f"MODEL.PURIFICATION_HEAD.{key}"
        _, found = load(0.25, opts=[name, 0.1, name, "auto", name, 0.5])
        assert found[key] == 0.5

    def test_integers_become_floats(self, load, key):
        _, found = load(0.25, opts=[f"MODEL.PURIFICATION_HEAD.{key}", "1"])
        assert type(found[key]) is float

    @pytest.mark.parametrize("value", ["automatic", "1.5", "-0.1", "True", "[0.1]"])
    def test_anything_else_is_refused_with_its_key(self, load, key, value):
        with pytest.raises(ValueError, match=rf'PURIFICATION_HEAD\.{key} is .*or "auto"'):
            load(0.25, opts=[f"MODEL.PURIFICATION_HEAD.{key}", value])
        with pytest.raises(ValueError, match=rf'PURIFICATION_HEAD\.{key} is .*or "auto"'):
            load(0.25, own(key, value))


def test_a_file_without_thresholds_leaves_the_head_its_defaults(tmp_path, tiny_vocabulary):
    file = tmp_path / "config.yaml"
    file.write_text(f"MODEL:\n  TEXT:\n    VOCABULARY: {tiny_vocabulary}\nVERSION: 2\n")
    head = build_purification_head(load_config(str(file), for_images=True))
    assert (head.redundancy_thresh, head.ambiguity_thresh) == (0.05, 0.7)


def test_a_threshold_of_neither_purification_stays_a_number(load):
    with pytest.raises(ValueError, match=r"(?i)type mismatch"):
        load(0.25, opts=["MODEL.PURIFICATION_HEAD.REGION.THRESH", "auto"])
