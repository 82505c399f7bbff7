"""`--import`: a user's own modules and files, and the errors of those that fail."""

import sys
from argparse import ArgumentParser

import pytest

from freecp_d2.apps.evaluate import train_net
from freecp_d2.engine.plugins import add_import_argument, import_plugins
from tests.helpers.command import CONFIG, ROOT

CODE = "import builtins\nbuiltins.plugin_log = [*getattr(builtins, 'plugin_log', []), __name__]\n"


@pytest.fixture(autouse=True)
def path_and_modules(monkeypatch, tmp_path):
    """What a test imports is forgotten."""
    import builtins

    modules = set(sys.modules)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(builtins, "plugin_log", [], raising=False)
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


def test_the_argument():
    parser = ArgumentParser()
    add_import_argument(parser)
    assert parser.parse_args(["--import", "a", "--import", "b.py"]).imports == ["a", "b.py"]
    assert parser.parse_args([]).imports == [], "the default list is not shared"


def test_an_error_ends_train_net_with_one_line(tmp_path, capsys):
    (tmp_path / "heads.py").write_text("1 / 0\n")
    argv = ["--eval-only", "--config", str(ROOT / CONFIG), "--import", "heads.py"]
    with pytest.raises(SystemExit) as error:
        train_net(argv)
    message = f"{error.value}\n{capsys.readouterr().err}"
    expected = f"ZeroDivisionError: division by zero ({tmp_path / 'heads.py'}, line 1)"
    assert f"error: --import heads.py: {expected}" in message
    assert "Traceback" not in message
