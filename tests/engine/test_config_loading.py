"""Loading a config: errors in files and options, words that look like Python, old keys."""

import logging
import warnings

import pytest
import torch

from freecp_d2.engine import load_config
from freecp_d2.engine.config_loading import check_device
from freecp_d2.modeling.purification.build import build_purification_head

from ..helpers.command import ROOT

PNG = (ROOT / "demo" / "page.png").read_bytes()
HEAD = "MODEL.PURIFICATION_HEAD"
WORDS = "MODEL.TEXT.VOCABULARY"


@pytest.fixture
def load(tmp_path):
    """Load a config of that content."""

    def call(content="VERSION: 2\n", *opts):
        path = tmp_path / "config.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_config(str(path), opts, for_images=True)

    return call


class TestFile:
    def test_a_config_of_the_package_by_name(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        names = ("storybook/sclip", "storybook/sclip.yaml", "configs/storybook/sclip.yaml")
        found = [load_config(name) for name in names]
        assert found[0].DATASETS.TEST == ("freecp_storybook_wide_val",)
        assert found[0] == found[1] == found[2]
        with pytest.raises(FileNotFoundError, match=r"storybook/sklip.*storybook/sclip"):
            load_config("storybook/sklip")

    def test_not_a_config(self, load):
        for content, said in (
            ("- a\n- b\n", "expected sections"),
            ("hello\n", "expected sections"),
            ("# only a comment\n", "not a config"),
            (PNG, "not a config"),
            ("a: [\n", "not a config in YAML.*line 2"),
            ("3: 4\n", "a key is not a name"),
            ("MODEL: {? [a] : b}\n", "not a config|not a name"),
            ("MODEL: 3\n", "expected sections"),
            ("MODEL: {CLIP: ViT}\n", r"MODEL\.CLIP is ViT, expected a section"),
            ("_BASE_: config.yaml\n", "its _BASE_ leads back to it"),
        ):
            with pytest.raises(ValueError, match=rf"config\.yaml.*({said})") as error:
                load(content)
            assert "\n" not in str(error.value), content
            assert len(str(error.value)) < 500, content

    def test_base(self, load, tmp_path):
        (tmp_path / "config2.yaml").write_text("VERSION: 2\n")
        for base in ("gone.yaml", "[config2.yaml, gone.yaml]"):
            with pytest.raises(FileNotFoundError, match=r"config\.yaml: its _BASE_ .*gone\.yaml"):
                load(f"_BASE_: {base}\n")
        (tmp_path / "sub").mkdir()
        (tmp_path / "config2.yaml").write_text("_BASE_: sub/base.yaml\n")
        (tmp_path / "sub" / "base.yaml").write_text("hello")
        with pytest.raises(ValueError, match=r"config\.yaml"):
            load("_BASE_: config2.yaml\n")
        (tmp_path / "sub" / "base.yaml").write_text("INPUT: {MIN_SIZE_TEST: 77}\n")
        assert load("_BASE_: config2.yaml\n").INPUT.MIN_SIZE_TEST == 77

    def test_version(self, load):
        for version in (1, 3, "two"):
            for content in ("", "TEST: {SLIDING_WINDOW: {SIZE: 96}}\n"):
                with pytest.raises(ValueError, match=rf"config\.yaml: VERSION is .*{version}"):
                    load(f"{content}VERSION: {version}\n")

    def test_odd_number_of_options(self, load):
        with pytest.raises(KeyError, match="odd length"):
            load("VERSION: 2\n", "MODEL.DEVICE")


class TestDevice:
    def test_unknown(self, load):
        for name in ["foo", "", "meta", "cuda:x"]:
            with pytest.raises(ValueError, match=f'MODEL.DEVICE="{name}"; use cuda or cpu'):
                load("VERSION: 2\n", "MODEL.DEVICE", name)

    def test_without_a_gpu_the_cpu_is_used_with_a_warning_if_a_gpu_was_named(
        self, load, caplog, monkeypatch
    ):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        with caplog.at_level(logging.WARNING):
            assert load().MODEL.DEVICE == "cpu"
            assert not caplog.records
            assert load("VERSION: 2\n", "MODEL.DEVICE", "cuda:1").MODEL.DEVICE == "cpu"
        assert ["cuda:1" in record.getMessage() for record in caplog.records] == [True]

    def test_gpu_beyond_the_last(self, load, monkeypatch):
        cfg = load().clone()
        cfg.defrost()
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
        for name in ("cuda", "cuda:0", "cuda:1", "cpu"):
            cfg.MODEL.DEVICE = name
            check_device(cfg)
        cfg.MODEL.DEVICE = "cuda:2"
        with pytest.raises(ValueError, match="counted from 0 and there are 2"):
            check_device(cfg)


class TestWordsThatLookLikePython:
    def test_on_the_command_line_they_are_as_written(self, load):
        for words in ("1, 2", "3", "None", "True", "('a', 'b')", "[1]", "{}", "cat; dog", "1_000"):
            assert words == load("VERSION: 2\n", WORDS, words).MODEL.TEXT.VOCABULARY
        for quoted in ("'1, 2'", '"1, 2"'):
            assert load("VERSION: 2\n", WORDS, quoted).MODEL.TEXT.VOCABULARY == "1, 2"

    def test_values_of_other_keys_are_decoded(self, load):
        opts = ["MODEL.TEXT.BATCH_SIZE", "8", "DATASETS.TEST", "()", WORDS, "3;"]
        cfg = load("VERSION: 2\n", *opts)
        assert (cfg.MODEL.TEXT.BATCH_SIZE, cfg.DATASETS.TEST) == (8, ())
        with pytest.raises(ValueError, match=r"Type mismatch .*BATCH_SIZE$"):
            load("VERSION: 2\n", "MODEL.TEXT.BATCH_SIZE", "many")

    def test_in_a_file_the_error_says_what_to_write(self, load):
        for words in ("1, 2", "3", "('a', 'b')", "yes", "[a, b]"):
            with pytest.raises(ValueError, match=r'MODEL\.TEXT\.VOCABULARY: .*"1; 2" for'):
                load(f"MODEL:\n  TEXT:\n    VOCABULARY: {words}\n")
        for words in ("None", "null"):
            with pytest.raises(ValueError, match=r'VOCABULARY is None, .*"None;"'):
                load(f"MODEL:\n  TEXT:\n    VOCABULARY: {words}\n")
        for words in ("1; 2", "1, 2;", "cat, kitten; dog", "None;"):
            cfg = load(f"MODEL:\n  TEXT:\n    VOCABULARY: {words}\n")
            assert words == cfg.MODEL.TEXT.VOCABULARY


def section(step, **values):
    lines = "".join(f"      {key}: {value}\n" for key, value in values.items())
    return f"MODEL:\n  PURIFICATION_HEAD:\n    {step}:\n{lines}"


def thresholds(cfg):
    head = build_purification_head(cfg)
    return {"REDUNDANCY": head.redundancy_thresh, "AMBIGUITY": head.ambiguity_thresh}


@pytest.mark.parametrize(("step", "default"), [("REDUNDANCY", 0.05), ("AMBIGUITY", 0.7)])
class TestThresholds:
    def test_mode_and_number(self, load, step, default):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert thresholds(load())[step] == default, "the release's for ADE20K"
            assert thresholds(load(section(step, THRESH=0.25)))[step] == 0.25
            assert thresholds(load(section(step, THRESH=0.25, MODE="auto")))[step] == "auto"
            for opts, expected in (
                ([f"{HEAD}.{step}.MODE", "auto"], "auto"),
                ([f"{HEAD}.{step}.THRESH", "0.5"], 0.5),
                ([f"{HEAD}.{step}.THRESH", "1"], 1.0),
                ([f"{HEAD}.{step}.THRESH", "0.5", f"{HEAD}.{step}.MODE", "auto"], "auto"),
            ):
                assert thresholds(load("VERSION: 2\n", *opts))[step] == expected

    def test_a_number_on_the_command_line_is_used_whatever_the_mode_of_the_file(
        self, load, step, default
    ):
        cfg = load(section(step, MODE="auto"), f"{HEAD}.{step}.THRESH", "0.5")
        assert thresholds(cfg)[step] == 0.5

    def test_thresh_auto_is_read_with_a_warning(self, load, step, default):
        with pytest.warns(DeprecationWarning, match=rf"{step}\.MODE auto"):
            cfg = load(section(step, THRESH="auto"))
        assert thresholds(cfg)[step] == "auto"
        with pytest.warns(DeprecationWarning, match=rf"{step}\.MODE auto"):
            cfg = load(section(step, THRESH=0.25), f"{HEAD}.{step}.THRESH", "auto")
        assert thresholds(cfg)[step] == "auto"
        with pytest.warns(DeprecationWarning, match="is now"):
            cfg = load(section(step, THRESH="auto"), f"{HEAD}.{step}.THRESH", "0.5")
        assert thresholds(cfg)[step] == 0.5

    def test_auto_of_a_base_and_a_number_of_its_leaf(self, load, tmp_path, step, default):
        (tmp_path / "base.yaml").write_text(section(step, THRESH="auto"))
        assert thresholds(load(f"_BASE_: base.yaml\n{section(step, THRESH=1)}"))[step] == 1.0

    def test_other_values(self, load, step, default):
        for value in ("automatic", "1.5", "-0.1", "True", "[0.1]"):
            for content, opts in (
                (section(step, THRESH=value), ()),
                ("VERSION: 2\n", (f"{HEAD}.{step}.THRESH", value)),
            ):
                with pytest.raises(ValueError, match=rf"{step}\.THRESH"):
                    thresholds(load(content, *opts))
        with pytest.raises(ValueError, match=rf'{step}\.MODE="sometimes"'):
            thresholds(load(section(step, MODE="sometimes")))


class TestSlidingWindow:
    def test_the_old_section_is_read_with_a_warning(self, load):
        with pytest.warns(DeprecationWarning, match=r"MODEL\.SLIDING_WINDOW"):
            cfg = load("TEST:\n  SLIDING_WINDOW:\n    SIZE: 96\n  NUM_IMAGES: 3\n")
        assert (cfg.MODEL.SLIDING_WINDOW.SIZE, cfg.MODEL.SLIDING_WINDOW.STRIDE) == (96, 112)
        assert cfg.TEST.NUM_IMAGES == 3
        assert "SLIDING_WINDOW" not in cfg.TEST

    def test_the_old_options_are_read_with_a_warning(self, load):
        with pytest.warns(DeprecationWarning, match=r"MODEL\.SLIDING_WINDOW\.SIZE"):
            cfg = load("VERSION: 2\n", "TEST.SLIDING_WINDOW.SIZE", "96")
        assert cfg.MODEL.SLIDING_WINDOW.SIZE == 96

    def test_the_new_section_wins(self, load):
        old, new = "TEST: {SLIDING_WINDOW: {SIZE: 96}}\n", "MODEL: {SLIDING_WINDOW: {SIZE: 48}}\n"
        with pytest.warns(DeprecationWarning, match="is now"):
            assert load(old + new).MODEL.SLIDING_WINDOW.SIZE == 48

    def test_a_bool_of_another_project_is_not_renamed(self, load):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(KeyError, match=r"TEST\.SLIDING_WINDOW"):
                load("TEST: {SLIDING_WINDOW: True}\n")
