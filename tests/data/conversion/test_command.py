"""The options and the ends of a command that converts."""

from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from freecp_d2.data.conversion.command import Options, argument_parser, run_command
from freecp_d2.data.conversion.runner import Outcome


def parse(*argv):
    return Options.from_arguments(argument_parser("Convert.\n\nMore.").parse_args(argv))


class TestOptions:
    def test_the_root_is_that_of_detectron2(self, monkeypatch):
        monkeypatch.setenv("DETECTRON2_DATASETS", "/data")
        assert parse().root == Path("/data")
        monkeypatch.delenv("DETECTRON2_DATASETS")
        assert parse().root == Path("datasets")
        assert parse("--root", "/other").root == Path("/other")

    def test_the_rest(self):
        assert parse("--workers", "3") == Options(parse().root, "val", 3, False)
        options = parse("--split", "train", "--overwrite", "--workers", "1")
        assert options == Options(parse().root, "train", 1, True)
        assert parse().num_workers >= 1

    @pytest.mark.parametrize("argv", [("--workers", "0"), ("--split", "test")])
    def test_impossible_ones(self, argv, capsys):
        with pytest.raises(SystemExit):
            parse(*argv)
        assert argv[0] in capsys.readouterr().err

    def test_the_first_paragraph_describes_it(self):
        assert argument_parser("\nConvert it.\n\nMore.").description == "Convert it."


class TestEnds:
    def test_done(self):
        shown = []
        assert run_command(lambda: Outcome("/labels", 7), shown.append) == 0
        assert shown == ["7 files written to /labels."]

    def test_broken_sources(self):
        assert run_command(lambda: Outcome("/labels", 7, 0, ("a: bad",)), lambda _: None) == 1

    @pytest.mark.parametrize("error", [ValueError, FileNotFoundError])
    def test_what_the_user_can_mend_has_no_traceback(self, error):
        def convert():
            raise error("Extract it here.")

        with pytest.raises(SystemExit, match=r"Extract it here\."):
            run_command(convert, print)

    def test_a_dead_process(self):
        def convert():
            raise BrokenProcessPool

        with pytest.raises(SystemExit, match="smaller --workers"):
            run_command(convert, print)

    def test_ctrl_c(self):
        def convert():
            raise KeyboardInterrupt

        shown = []
        assert run_command(convert, shown.append) == 130
        assert "repeat the command" in shown[0]

    def test_a_mistake_in_the_program_has_a_traceback(self):
        def convert():
            raise KeyError("x")

        with pytest.raises(KeyError):
            run_command(convert, print)
