"""ScoreChannels of other models: words, and a background that is none."""

import pytest

from freecp_d2.modeling.purification.score_channels import ScoreChannels, read_channels


class TestScoreChannels:
    def test_all_are_words(self):
        assert ScoreChannels().words(3) == [0, 1, 2]
        assert ScoreChannels().word_names(2) == ("channel 0", "channel 1")

    def test_but_the_background(self):
        channels = ScoreChannels(("cat", "dog"), background=1)
        assert channels.words(3) == [0, 2]
        assert channels.word_names(3) == ("cat", "dog")
        assert ScoreChannels(background=0).word_names(3) == ("channel 1", "channel 2")

    def test_another_number(self):
        for number in [1, 3]:
            with pytest.raises(ValueError, match=rf"{number} channels.*2 words; set MODEL.TEXT"):
                ScoreChannels(("cat", "dog")).words(number)

    def test_another_number_with_background(self):
        with pytest.raises(ValueError, match=r"4 channels.*2 words and the background"):
            ScoreChannels(("cat", "dog"), background=0).words(4)

    def test_no_such_background(self):
        for background in [-2, 3]:
            with pytest.raises(ValueError, match=rf"CHANNEL is {background}.*0 to 2"):
                ScoreChannels(background=background).words(3)


class TestFromConfig:
    def test_background_words_make_channel_0_the_background(self, tiny_cfg):
        assert read_channels(tiny_cfg) == ScoreChannels(("cat", "dog", "tree"), 0)

    def test_as_distractors_they_do_not(self, tiny_cfg):
        tiny_cfg.MODEL.TEXT.BACKGROUND = "distractor"
        assert read_channels(tiny_cfg) == ScoreChannels(("cat", "dog", "tree"), -1)

    def test_the_key_contradicts_the_words(self, tiny_cfg):
        tiny_cfg.MODEL.PURIFIED.BACKGROUND_CHANNEL = 2
        with pytest.raises(ValueError, match=r"CHANNEL is 2.*tiny.*channel 0"):
            read_channels(tiny_cfg)

    def test_words_of_the_dataset(self, tiny_cfg):
        tiny_cfg.MODEL.TEXT.VOCABULARY = ""
        tiny_cfg.DATASETS.TEST = ("freecp_storybook_val",)
        assert len(read_channels(tiny_cfg).names) == 36

    def test_without_words_and_clip_numbers_do(self, tiny_cfg):
        tiny_cfg.MODEL.TEXT.VOCABULARY = ""
        tiny_cfg.MODEL.PURIFIED.BACKGROUND_CHANNEL = 2
        assert read_channels(tiny_cfg) == ScoreChannels((), 2)

    def test_a_clip_needs_words(self, tiny_cfg):
        tiny_cfg.MODEL.TEXT.VOCABULARY = ""
        tiny_cfg.MODEL.PURIFIED.CLIP = "CLIPViT"
        with pytest.raises(ValueError, match=r"set MODEL\.TEXT\.VOCABULARY"):
            read_channels(tiny_cfg)
