"""`freecp`: its commands, and the program's name in their messages."""

import sys

import pytest

import freecp
from freecp_d2.apps import cli
from freecp_d2.d2 import BACKEND
from tests.helpers.command import run


@pytest.fixture(autouse=True)
def _argv(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["freecp"])


def test_help_and_version(capsys):
    for argv in ([], ["--help"]):
        assert cli.main(argv) == 0
        out = capsys.readouterr().out
        assert all(f"\n  {name} " in out for name in cli.COMMANDS)
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("freecp_d2 ")


def test_an_unknown_command(capsys):
    assert cli.main(["segmnt"]) == 2
    assert "did you mean 'segment'?" in capsys.readouterr().err


def test_the_program_is_called_as_the_user_typed_it(capsys):
    for name in sorted({*cli.COMMANDS} - {"data"}):
        with pytest.raises(SystemExit):
            cli.main([name, "--help"])
        assert f"usage: freecp {name} " in capsys.readouterr().out


@pytest.mark.skipif(BACKEND == "detectron2", reason="Detectron2 imports torch")
def test_commands_without_a_model_need_no_torch(tmp_path):
    assert {*cli.COMMANDS} - {*freecp._WITH_MODEL} == {"words", "describe", "weights"}
    assert {*freecp._WITH_MODEL} < {*cli.COMMANDS}
    asked = ["--vocabulary", "cat;", "--output", f"{tmp_path}/d", "--questions", f"{tmp_path}/q"]
    blocked = "import sys; sys.modules |= dict.fromkeys(('torch', 'torchvision')); import freecp; "
    for argv, expected in (
        (["--help"], "usage: freecp"),
        (["--version"], "freecp_d2 "),
        (["words", "check", "cat; cat"], "1 problem"),
        (["describe", *asked], "0 of them described"),
        (["weights", "list"], "clip:ViT-B/16"),
        (["weights", "where", "clip:storybook"], "storybook_clip.safetensors"),
        (["weigths"], "did you mean 'weights'?"),
    ):
        result = run("-c", f"{blocked}sys.argv[1:] = {argv}; freecp.main()")
        assert expected in result.stdout + result.stderr


def test_errors_start_with_the_program(capsys):
    for code, argv in (
        (2, ["segment", "--input", "missing.png"]),
        (2, ["describe", "--vocabulary", "cat", "--output", "a", "--questions", "a"]),
        (1, ["words", "show", " "]),
        (1, ["words", "check", "\x1b[31m\udcff.txt"]),
    ):
        assert cli.main(argv) == code
        error = capsys.readouterr().err
        assert error.startswith(f"freecp {argv[0]}: error: ")
        assert error.removesuffix("\n").isprintable()
