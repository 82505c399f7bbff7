"""`--import`: a user's own modules and files, and the errors of those that fail."""

import sys
from argparse import ArgumentParser

import numpy as np
import pytest
import torch
from PIL import Image

from freecp_d2 import PurifiedSegmentor
from freecp_d2.apps.evaluate import train_net
from freecp_d2.config import add_freecp_config
from freecp_d2.d2 import build_model, get_cfg
from freecp_d2.engine import evaluate, load_config, plugins
from freecp_d2.engine.plugins import add_import_argument, import_plugins
from tests.helpers.host import add_host_config

pytestmark = pytest.mark.usefixtures("no_charts")
CODE = "import builtins\nbuiltins.plugin_log = [*getattr(builtins, 'plugin_log', []), __name__]\n"


@pytest.fixture(autouse=True)
def path_and_modules(monkeypatch, tmp_path):
    """What a test imports is forgotten."""
    import builtins

    for name in [name for name in sys.modules if name.startswith("freecp_plugin_")]:
        monkeypatch.delitem(sys.modules, name)  # of other tests
    modules = set(sys.modules)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(builtins, "plugin_log", [], raising=False)
    monkeypatch.setattr(plugins, "_imported", {})
    monkeypatch.setattr(plugins, "config_functions", {})
    monkeypatch.chdir(tmp_path)
    yield builtins
    for name in set(sys.modules) - modules:
        del sys.modules[name]


@pytest.fixture
def log(path_and_modules):
    return lambda: path_and_modules.plugin_log


class TestModules:
    def test_a_package_of_the_current_folder(self, tmp_path, log):
        (tmp_path / "my_package_1").mkdir()
        (tmp_path / "my_package_1/__init__.py").write_text("from . import heads\n")
        (tmp_path / "my_package_1/heads.py").write_text(CODE)
        import_plugins(["my_package_1", "my_package_1.heads"])
        assert log() == ["my_package_1.heads"]

    def test_modules_of_the_folder_hide_no_installed_module(self, tmp_path):
        (tmp_path / "json.py").write_text("raise RuntimeError\n")
        (tmp_path / "my_module_1.py").write_text("import json\njson.dumps({})\n")
        import_plugins(["my_module_1"])


class TestFiles:
    def test_a_file_is_imported_once(self, tmp_path, log):
        (tmp_path / "heads.py").write_text(CODE)
        import_plugins(["heads.py", str(tmp_path / "heads.py"), "./heads.py"])
        assert len(log()) == 1

    def test_two_of_the_same_name(self, tmp_path, log):
        for folder in ("a", "b"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "heads.py").write_text(CODE)
        import_plugins(["a/heads.py", "b/heads.py"])
        first, second = log()
        assert first != second

    def test_modules_beside_it(self, tmp_path, log):
        (tmp_path / "a").mkdir()
        (tmp_path / "a/my_helper_1.py").write_text(CODE)
        (tmp_path / "a/heads.py").write_text("import my_helper_1\n")
        import_plugins(["a/heads.py"])
        assert log() == ["my_helper_1"]

    def test_its_classes_can_be_sent_to_other_processes(self, tmp_path):
        import pickle

        (tmp_path / "heads.py").write_text("class Head:\n    pass\n")
        import_plugins(["heads.py"])
        module = next(m for name, m in sys.modules.items() if "_heads_" in name)
        assert type(pickle.loads(pickle.dumps(module.Head()))) is module.Head


class TestErrors:
    @pytest.mark.parametrize(
        ("code", "message"),
        [
            ("x = 1\nint('a')\n", r"ValueError: invalid literal.*heads\.py, line 2"),
            ("def f(:\n", r"SyntaxError: .*heads\.py, line 1"),
            ("import not_installed_1\n", r"ModuleNotFoundError: .*not_installed_1.*line 1"),
            ("import sys\nsys.exit('usage')\n", r"SystemExit: usage .*line 2"),
            (
                "from freecp_d2 import AFFINITY_HEAD_REGISTRY as R\nclass CLIPAttentionAffinity:\n"
                "    pass\nR.register(CLIPAttentionAffinity)\n",
                r"AssertionError: .*already registered",
            ),
        ],
    )
    def test_in_the_users_code(self, tmp_path, code, message):
        (tmp_path / "heads.py").write_text(code)
        with pytest.raises(ImportError, match=rf"--import heads\.py: {message}"):
            import_plugins(["heads.py"])
        assert not [name for name in sys.modules if "_heads_" in name], "half a module"

    def test_names_that_cannot_be_imported(self):
        for name, message in [
            ("no_such_1", "ModuleNotFoundError"),
            ("none.py", "there is no file .*/none.py"),
            ("", ""),
            (".heads", ""),
            ("my-package", ""),
        ]:
            with pytest.raises(ImportError, match=f"--import {name}: .*{message}"):
                import_plugins([name])


class TestConfigKeys:
    HOST = "tests.helpers.host"
    YAML = "MODEL: {HOST: {NUM_CLASSES: 5}}\nTEST: {SLIDING_WINDOW: True}\nVERSION: 2\n"

    @pytest.fixture
    def load(self, tmp_path):
        (tmp_path / "theirs.yaml").write_text(self.YAML)
        return lambda *opts: load_config("theirs.yaml", opts, for_images=True)

    def test_a_named_function_adds_keys_to_every_config(self, load):
        import_plugins([f"{self.HOST}:add_host_config"])
        for cfg in (load(), load("MODEL.HOST.TILE", "16")):
            assert (cfg.MODEL.HOST.NUM_CLASSES, cfg.TEST.SLIDING_WINDOW) == (5, True)
        assert cfg.MODEL.HOST.TILE == 16
        assert cfg.MODEL.SLIDING_WINDOW.SIZE == 384, "ours"

    def test_add_config_of_a_file_needs_no_name(self, tmp_path, load):
        (tmp_path / "method.py").write_text("def add_config(cfg):\n    cfg.MODEL.ITS_LAYER = 7\n")
        import_plugins(["method.py", "method.py", f"{self.HOST}:add_host_config"])
        assert load("MODEL.ITS_LAYER", "9").MODEL.ITS_LAYER == 9

    def test_sections_of_ours_may_be_extended_or_replaced(self, tmp_path, load):
        code = "from freecp_d2.d2 import CfgNode\ndef add_config(cfg):\n    "
        (tmp_path / "extends.py").write_text(code + "cfg.MODEL.CLIP.ITS_LAYER = 7\n")
        (tmp_path / "replaces.py").write_text(code + "cfg.MODEL.TEXT = CfgNode({'MINE': 1})\n")
        import_plugins(["extends.py", "replaces.py", f"{self.HOST}:add_host_config"])
        model = load().MODEL
        assert (model.CLIP.ITS_LAYER, model.CLIP.ARCH) == (7, "ViT-B/16")
        assert (model.TEXT.MINE, model.TEXT.TEMPLATES) == (1, "imagenet")
        (tmp_path / "changes.py").write_text(code + "cfg.MODEL.CLIP.ARCH = 'RN50'\n")
        import_plugins(["changes.py"])
        with pytest.raises(ValueError, match=r"MODEL\.CLIP\.ARCH .*YAML"):
            load()

    def test_an_unknown_key_names_the_function(self, load):
        with pytest.raises(KeyError, match=r"MODEL\.HOST.*--add-config MODULE:FUNCTION"):
            load()
        import_plugins([self.HOST])
        with pytest.raises(KeyError, match=rf"--add-config {self.HOST}:add_host_config"):
            load()

    def test_functions_that_are_missing_or_fail(self, tmp_path, load):
        with pytest.raises(ImportError, match=r"no function add_config; it has add_host_config"):
            import_plugins([f"{self.HOST}:add_config"])
        (tmp_path / "broken.py").write_text("def add_config(cfg):\n    cfg.MODEL.NONE.X = 1\n")
        import_plugins(["broken.py"])
        with pytest.raises(ValueError, match=r"broken\.py:add_config: .*broken\.py, line 2"):
            load()

    def test_a_window_section_of_theirs_is_not_taken_for_our_old_one(self, tmp_path):
        (tmp_path / "theirs.py").write_text(
            "from freecp_d2.d2 import CfgNode\n"
            "def add_config(cfg):\n    cfg.TEST.SLIDING_WINDOW = CfgNode({'SIZE': 1})\n"
        )
        (tmp_path / "theirs.yaml").write_text("TEST: {SLIDING_WINDOW: {SIZE: 96}}\n")
        import_plugins(["theirs.py"])
        for opts, size in (((), 96), (("TEST.SLIDING_WINDOW.SIZE", "48"), 48)):
            cfg = load_config("theirs.yaml", opts, for_images=True)
            assert (size, 384) == (cfg.TEST.SLIDING_WINDOW.SIZE, cfg.MODEL.SLIDING_WINDOW.SIZE)

    def test_both_orders_give_the_same_keys(self):
        first, second = get_cfg(), get_cfg()
        add_host_config(first)
        add_freecp_config(first)
        add_freecp_config(second)
        add_host_config(second)
        assert first == second
        assert first.TEST.SLIDING_WINDOW is False

    def test_a_key_with_two_meanings(self):
        for key, value in (("ARCH", "B/16"), ("GEM_BLOCKS", True)):
            cfg = get_cfg()
            cfg.MODEL.CLIP = type(cfg)({key: value, "OF_THEIRS": 1})
            with pytest.raises(ValueError, match=rf"MODEL\.CLIP\.{key} .*wrapped=model"):
                add_freecp_config(cfg)
            assert {key: value, "OF_THEIRS": 1} == cfg.MODEL.CLIP, "changed before the error"
        add_freecp_config(cfg := get_cfg())
        add_freecp_config(cfg)  # the same value is no conflict


@pytest.fixture
def photos(tmp_path):
    """Two images with labels of three classes."""
    random = np.random.default_rng(0)
    for folder, shape in (("images", (48, 64, 3)), ("labels", (48, 64))):
        (tmp_path / "photos" / folder).mkdir(parents=True)
        for number in range(2):
            values = random.integers(0, 3, shape, dtype=np.uint8)
            Image.fromarray(values * (90 if len(shape) == 3 else 1)).save(
                tmp_path / "photos" / folder / f"{number}.png"
            )
    (tmp_path / "photos/classes.txt").write_text("sky\ngrass\ntree\n")


def test_a_model_of_another_project_by_config_alone(photos, tmp_path):
    """It is the same model wrapped in Python; with its own YAML, windows and checkpoint."""
    (tmp_path / "theirs.yaml").write_text(
        "MODEL: {META_ARCHITECTURE: HostSegmentor, DEVICE: cpu, HOST: {TILE: 16}}\n"
        "INPUT: {FORMAT: RGB}\nTEST: {SLIDING_WINDOW: True}\nVERSION: 2\n"
    )
    theirs = get_cfg()
    add_host_config(theirs)
    theirs.merge_from_file("theirs.yaml")
    torch.manual_seed(3)
    host = build_model(theirs).eval()
    torch.save({"model": host.state_dict()}, "host.pth")
    ours = "MODEL.PURIFIED.SCORES probabilities MODEL.PURIFIED.SIZE 56 MODEL.PURIFIED.STRIDE 8"
    ours += " MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH 0.15 MODEL.AFFINITY_HEAD.NAME BlurAffinity"
    ours += " MODEL.DEVICE cpu INPUT.FORMAT RGB INPUT.MIN_SIZE_TEST 48 TEST.LABEL_MAP True"
    ours += " DATASETS.TEST folder:photos TEST.IMAGES_PER_BATCH 2 DATALOADER.NUM_WORKERS 0"
    argv = ["--eval-only", "--config-file", "theirs.yaml", *ours.split()]
    argv += ["--add-config", "tests.helpers.host:add_host_config", "MODEL.WEIGHTS", "host.pth"]
    argv += ["MODEL.META_ARCHITECTURE", "PurifiedSegmentor", "OUTPUT_DIR", "by_config"]
    train_net([*argv, "MODEL.PURIFIED.META_ARCHITECTURE", "HostSegmentor"])

    (tmp_path / "ours.yaml").write_text("VERSION: 2\n")
    cfg = load_config("ours.yaml", [*ours.split(), "OUTPUT_DIR", "in_python"])
    model = PurifiedSegmentor(cfg, wrapped=host).eval()
    evaluate(cfg, model)
    by_config, in_python = (
        np.load(f"{run}/inference/photos/confusion_matrix.npy")
        for run in ("by_config", "in_python")
    )
    assert (by_config == in_python).all()

    image = torch.randint(0, 256, (3, 48, 64))  # after the seed above
    inputs = [{"image": image, "meta": {"dataset_name": "folder:photos"}}]
    (alone,), (purified,) = host(inputs), model(inputs)
    assert not alone["sem_seg"].argmax(0).equal(purified["sem_seg"]), "nothing was purified"
    assert alone["panoptic_seg"][0].equal(purified["panoptic_seg"][0])


def test_the_arguments():
    parser = ArgumentParser()
    add_import_argument(parser)
    argv = ["--import", "a", "--add-config", "c:f", "--import", "b.py"]
    assert parser.parse_args(argv).imports == ["a", "c:f", "b.py"]
    assert parser.parse_args([]).imports == [], "the default list is not shared"
