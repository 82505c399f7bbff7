"""Other models' scores: their channels, what they may be, and the maps they become."""

import math

import pytest
import torch
from torch import nn

from freecp_d2.modeling.purification.class_scores import (
    ScoreChannels,
    WrappedScores,
    as_maps,
    as_probabilities,
    read_channels,
)


class TestProbabilities:
    def test_logits_are_softmaxed_over_the_classes(self):
        for logits, expected in [
            ([0.0, 0.0, math.log(2)], [0.25, 0.25, 0.5]),
            ([0.0, -torch.inf, math.log(3)], [0.25, 0.0, 0.75]),  # ruled out by the model
        ]:
            found = as_probabilities(torch.tensor(logits).view(3, 1, 1), "logits").flatten()
            torch.testing.assert_close(found, torch.tensor(expected))

    def test_leading_dimensions_and_temperature(self):
        logits = torch.randn(2, 5, 3, 4, generator=torch.Generator().manual_seed(0))
        found = as_probabilities(logits, "logits", temperature=2.0)
        torch.testing.assert_close(found, (logits / 2).softmax(dim=1))
        torch.testing.assert_close(found[1], as_probabilities(logits[1], "logits", 2.0))

    def test_probabilities_stay_as_they_are_in_float32(self):
        scores = torch.tensor([0.25, 0.75, 3.5]).view(3, 1, 1)
        for dtype in [torch.float16, torch.float32, torch.float64]:
            found = as_probabilities(scores.to(dtype), "probabilities")
            assert found.dtype == torch.float32
            assert torch.equal(found, scores)

    def test_what_they_may_not_be(self):
        for scores, kind, temperature, message in [
            (torch.zeros(2, 1, 1), "softmax", 1.0, "softmax.*logits"),
            (torch.zeros(2, 1, 1), "logits", 0.0, "temperature.*more than 0"),
            (torch.zeros(2, 1, 1), "probabilities", 2.0, "use 1.0"),
            (torch.zeros(2, 1, 1, dtype=torch.int64), "logits", 1.0, "int64.*label map"),
            (torch.full((2, 1, 1), torch.nan), "logits", 1.0, "NaN"),
            (torch.full((2, 1, 1), -torch.inf), "logits", 1.0, "all classes of a pixel"),
            (torch.full((2, 1, 1), torch.inf), "logits", 1.0, "infinity"),
            (torch.full((2, 1, 1), torch.inf), "probabilities", 1.0, "infinity"),
            (torch.full((2, 1, 1), -0.5), "probabilities", 1.0, "-0.5.*logits"),
        ]:
            with pytest.raises(ValueError, match=message):
                as_probabilities(scores, kind, temperature)


class Model(nn.Module):
    """Returns what it is given."""

    def __init__(self, outputs):
        super().__init__()
        self.outputs = outputs

    def forward(self, batched_inputs):
        return self.outputs


class TestOutputs:
    SCORES = torch.zeros(2, 4, 4)

    @staticmethod
    def read(outputs, num_images=2):
        read, model = WrappedScores("probabilities", 1.0), Model(outputs).eval()
        return read(model, [{}] * num_images, ScoreChannels(), torch.device("cpu"))

    def test_of_each_image(self):
        outputs = [{"sem_seg": self.SCORES, "instances": 7}, {"sem_seg": self.SCORES + 1}]
        found, (first, second) = self.read(outputs)
        assert found is outputs
        assert torch.equal(first, self.SCORES)
        assert torch.equal(second, self.SCORES + 1)

    def test_outputs_that_have_none(self):
        own = {"sem_seg": self.SCORES}
        for outputs, message in [
            ({"loss": 1.0}, "Model returned dict"),
            ([self.SCORES, self.SCORES], "is NoneType.*in a dict"),
            ([own], "list of 1, .* 2 images.*IMAGES_PER_BATCH 1"),
            ([own, {"instances": 7}], "Model is NoneType"),
            ([own, {"sem_seg": self.SCORES[0]}], r"\(4, 4\).*label map"),
            ([own, {"sem_seg": self.SCORES[:0]}], r"\(0, 4, 4\)"),
        ]:
            with pytest.raises(ValueError, match=message):
                self.read(outputs)


def test_maps_divide_out_sums_above_one():
    for scores, expected in [([0.5, 1.0, 0.5], [0.25, 0.5, 0.25]), ([0.01, 0.02], [0.01, 0.02])]:
        found = as_maps(torch.tensor(scores).view(-1, 1, 1)).flatten()
        torch.testing.assert_close(found, torch.tensor(expected))


class TestScoreChannels:
    def test_all_are_words_but_the_background(self):
        assert ScoreChannels().words(3) == [0, 1, 2]
        assert ScoreChannels().word_names(2) == ("channel 0", "channel 1")
        channels = ScoreChannels(("cat", "dog"), background=1)
        assert channels.words(3) == [0, 2]
        assert channels.word_names(3) == ("cat", "dog")
        assert ScoreChannels(background=0).word_names(3) == ("channel 1", "channel 2")

    def test_another_number_or_no_such_background(self):
        for number, background, message in [
            (1, -1, "1 channels.*2 words; set MODEL.TEXT"),
            (3, -1, "3 channels.*2 words; set MODEL.TEXT"),
            (4, 0, "4 channels.*2 words and the background"),
        ]:
            with pytest.raises(ValueError, match=message):
                ScoreChannels(("cat", "dog"), background).words(number)
        for background in [-2, 3]:
            with pytest.raises(ValueError, match=rf"CHANNEL is {background}.*0 to 2"):
                ScoreChannels(background=background).words(3)


class TestFromConfig:
    def test_background_words_make_channel_0_the_background(self, tiny_cfg):
        assert read_channels(tiny_cfg) == ScoreChannels(("cat", "dog", "tree"), 0)
        tiny_cfg.MODEL.TEXT.BACKGROUND = "distractor"
        assert read_channels(tiny_cfg) == ScoreChannels(("cat", "dog", "tree"), -1)

    def test_the_key_contradicts_the_words(self, tiny_cfg):
        tiny_cfg.MODEL.PURIFIED.BACKGROUND_CHANNEL = 2
        with pytest.raises(ValueError, match=r"CHANNEL is 2.*tiny.*channel 0"):
            read_channels(tiny_cfg)

    def test_only_a_clip_needs_words(self, tiny_cfg):
        tiny_cfg.MODEL.TEXT.VOCABULARY = ""
        tiny_cfg.MODEL.PURIFIED.BACKGROUND_CHANNEL = 2
        assert read_channels(tiny_cfg) == ScoreChannels((), 2)
        tiny_cfg.MODEL.PURIFIED.CLIP = "CLIPViT"
        with pytest.raises(ValueError, match=r"set MODEL\.TEXT\.VOCABULARY"):
            read_channels(tiny_cfg)
