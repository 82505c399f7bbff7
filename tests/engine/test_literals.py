"""Words that Python reads as something else are words, on the command line and in a file."""

import pytest

from freecp_d2.engine import load_config
from tests.helpers.command import ROOT

CONFIG = ROOT / "configs/storybook/sclip_freecp.yaml"
WORDS = ["1, 2", "3", "None", "True", "(a)", "('a', 'b')", "[1]", "{}", "1; 2", "cat; dog", "1_000"]


def words_of(config, *opts):
    return load_config(str(config), opts, for_images=True).MODEL.TEXT.VOCABULARY


@pytest.mark.parametrize("words", WORDS)
def test_on_the_command_line_they_are_as_written(words):
    assert words_of(CONFIG, "MODEL.TEXT.VOCABULARY", words) == words


@pytest.mark.parametrize("words", ["'1, 2'", '"1, 2"'])
def test_quotes_may_be_there(words):
    assert words_of(CONFIG, "MODEL.TEXT.VOCABULARY", words) == "1, 2"


def test_values_of_other_keys_are_not_touched():
    opts = ["MODEL.TEXT.BATCH_SIZE", "8", "DATASETS.TEST", "()", "MODEL.TEXT.VOCABULARY", "3;"]
    cfg = load_config(str(CONFIG), opts, for_images=True)
    assert (cfg.MODEL.TEXT.BATCH_SIZE, cfg.DATASETS.TEST) == (8, ())


class TestFile:
    @pytest.fixture
    def config(self, tmp_path):
        def write(words):
            path = tmp_path / "mine.yaml"
            path.write_text(f"_BASE_: {CONFIG}\nMODEL:\n  TEXT:\n    VOCABULARY: {words}\n")
            return path

        return write

    @pytest.mark.parametrize("words", ["1, 2", "3", "('a', 'b')", "yes", "[a, b]"])
    def test_what_to_write_is_said(self, config, words):
        with pytest.raises(ValueError, match=r'MODEL\.TEXT\.VOCABULARY: .*Write "1; 2" for'):
            words_of(config(words))

    @pytest.mark.parametrize("words", ["None", "null"])
    def test_none_is_no_vocabulary(self, config, words):
        with pytest.raises(ValueError, match=r'VOCABULARY is None, expected words; write "None;"'):
            words_of(config(words))

    @pytest.mark.parametrize("words", ["1; 2", "1, 2;", "cat, kitten; dog", "None;"])
    def test_what_is_told_works(self, config, words):
        assert words_of(config(words)) == words

    def test_other_mistakes_are_told_as_they_were(self, config):
        with pytest.raises(ValueError, match=r"Type mismatch .*BATCH_SIZE$"):
            words_of(CONFIG, "MODEL.TEXT.BATCH_SIZE", "many")
