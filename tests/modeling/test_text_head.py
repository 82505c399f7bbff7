"""TextHead: words as features, patches as maps; which words, and what they are."""

import math

import pytest
import torch

from freecp_d2.d2 import MetadataCatalog
from freecp_d2.modeling.text_head import TextHead, vocabulary_from_config
from freecp_d2.text import Vocabulary

LN2 = math.log(2)


def head_of(vocabulary, background="class", logit_scale=LN2):
    """Words and classes are the unit vectors of their own axis."""
    head = TextHead(vocabulary=vocabulary, logit_scale=logit_scale, background=background)
    num_words = len(vocabulary.words)
    head.set_features(torch.eye(num_words), torch.eye(vocabulary.num_classes, num_words))
    return head


def patches(*axes, num_words):
    """One patch along each axis, not of unit length: (1, D, 1, P)."""
    return 5 * torch.eye(num_words)[list(axes)].T[None, :, None]


class TestMaps:
    def test_by_hand(self):
        # The patch's own word has logit ln 2, the others 0: softmax 2/4, 1/4, 1/4.
        head = head_of(Vocabulary("v", (("a",), ("b",), ("c",))))
        maps, normalized_cam = head(patches(0, 2, num_words=3))
        expected = torch.tensor([[0.5, 0.25], [0.25, 0.25], [0.25, 0.5]])
        torch.testing.assert_close(maps[0, :, 0], expected)
        torch.testing.assert_close(normalized_cam[0, :, 0], (expected - 0.25) * 4)

    def test_background_takes_part_in_min_and_max(self):
        head = head_of(Vocabulary("v", (("a",), ("b",)), ("sky",)))
        # Two patches of sky: the maximum 1/2 is the background's, and a and b have 1/4, the least.
        _, normalized_cam = head(patches(0, 0, num_words=3))
        assert not normalized_cam.any()

    def test_a_background_of_words_is_the_first_map(self):
        vocabulary = Vocabulary("v", (("a",), ("b",)), ("sky", "sea"))
        # Patches of sea and of b; 2/5 for the patch's own word, 1/5 for the others.
        maps, normalized_cam = head_of(vocabulary, "words")(patches(1, 3, num_words=4))
        expected = torch.tensor([[0.4, 0.2], [0.2, 0.2], [0.2, 0.4]])
        torch.testing.assert_close(maps[0, :, 0], expected)
        torch.testing.assert_close(normalized_cam[0, :, 0], (expected - 0.2) * 5)

    def test_synonyms_are_merged_after_the_softmax(self):
        vocabulary = Vocabulary("v", (("cat", "kitten"), ("dog",)), ("sky",))
        maps, normalized_cam = head_of(vocabulary)(patches(2, 3, num_words=4))
        # Words: sky, cat, kitten, dog; 2/5 for the patch's own word, 1/5 for the others.
        torch.testing.assert_close(maps[0, :, 0], torch.tensor([[0.4, 0.2], [0.2, 0.4]]))
        torch.testing.assert_close(normalized_cam[0, :, 0], torch.tensor([[1.0, 0], [0, 1]]))


class TestOutputs:
    CLASSES = (("cat", "kitten"), ("dog",))

    def test_names(self):
        for words, background, names in [
            (("sky", "road"), "class", ["background", "cat", "dog"]),
            (("sky", "road"), "distractor", ["cat", "dog"]),
            (("sky", "road"), "words", ["background", "cat", "dog"]),
            ((), "class", ["cat", "dog"]),
            ((), "words", ["cat", "dog"]),
            ((), "distractor", ["cat", "dog"]),
        ]:
            head = head_of(Vocabulary("v", self.CLASSES, words), background)
            assert head.output_names == names
            assert head.has_background == (names[0] == "background")
            assert head.background_is_rest == (head.has_background and background == "class")

    def test_backgrounds_that_do_not_fit(self):
        for rule, thresh, message in (
            ("ignore", 0.0, r'BACKGROUND="ignore" is unknown; use class, words or distractor'),
            ("class", 1.0, r"expected a score in \[0, 1\)"),
            ("words", -0.1, r"expected a score in \[0, 1\)"),
            ("distractor", 0.1, "no class is the background"),
        ):
            options = {"background": rule, "background_thresh": thresh, "logit_scale": 1.0}
            with pytest.raises(ValueError, match=message):
                TextHead(vocabulary=Vocabulary("v", self.CLASSES), **options)

    def test_background_words_without_a_vote(self):
        vocabulary = Vocabulary("v", self.CLASSES, ("sky",))
        head_of(vocabulary, "words").check_votes()
        for rule in ("class", "distractor"):
            with pytest.raises(ValueError, match=r"BACKGROUND.*CLIPTRASE\.VOTE"):
                head_of(vocabulary, rule).check_votes()

    def test_features(self):
        """They fit the words, and follow the device, but are not saved."""
        head = head_of(Vocabulary("v", self.CLASSES, ("sky",)))
        for num_words, num_classes in [(3, 2), (4, 3)]:
            message = rf"Got {num_words} word and {num_classes} class.*4 words in 2 classes"
            with pytest.raises(ValueError, match=message):
                head.set_features(torch.zeros(num_words, 4), torch.zeros(num_classes, 4))
        assert head.state_dict() == {}
        assert head.to("meta").word_features.device.type == "meta"


class TestConfig:
    def test_a_checkpoint_and_a_file_of_words(self, tiny_cfg):
        head = TextHead(tiny_cfg)
        assert head.vocabulary.words == ("sky", "cat", "kitten", "dog", "tree")
        assert head.output_names == ["background", "cat", "dog", "tree"]
        assert head.logit_scale == pytest.approx(100, rel=1e-4)
        assert head.word_features.shape == (5, 32)
        assert head.class_features.shape == (3, 32)
        for rows in (head.word_features, head.class_features):
            torch.testing.assert_close(rows.norm(dim=1), torch.ones(len(rows)))

    def test_descriptions_change_classes_or_words(self, tiny_cfg, tmp_path):
        plain = TextHead(tiny_cfg)
        for key, name, words, classes in (
            ("DESCRIPTIONS", "dog", [], ["dog"]),
            ("WORD_DESCRIPTIONS", "kitten", ["kitten"], []),
        ):
            (tmp_path / "d.json").write_text(f'{{"{name}": ["a small playful animal"]}}')
            cfg = tiny_cfg.clone()
            cfg.MODEL.TEXT[key] = str(tmp_path / "d.json")
            found = TextHead(cfg)
            changed = ((found.word_features - plain.word_features).abs() > 1e-4).any(dim=1)
            assert [plain.vocabulary.words[i] for i in changed.nonzero()] == words
            changed = ((found.class_features - plain.class_features).abs() > 1e-4).any(dim=1)
            assert [plain.vocabulary.class_names[i] for i in changed.nonzero()] == classes

    def test_keys(self, tiny_cfg, tmp_path):
        tiny_cfg.MODEL.TEXT.TEMPLATES = "imagenet"
        tiny_cfg.MODEL.TEXT.BACKGROUND = "words"
        tiny_cfg.MODEL.TEXT.BACKGROUND_THRESH = 0.1
        tiny_cfg.MODEL.TEXT.CACHE_DIR = str(tmp_path / "cache")
        tiny_cfg.MODEL.TEXT.BATCH_SIZE = 37
        tiny_cfg.MODEL.CLIP.LOGIT_SCALE = 40.0
        head = TextHead(tiny_cfg)
        assert head.logit_scale == 40
        assert len(head.classifier.templates) == 80
        assert head.output_names == ["background", "cat", "dog", "tree"]
        assert head.background_thresh == 0.1
        assert head.classifier.batch_size == 37
        assert len(list((tmp_path / "cache").iterdir())) == 2  # words and classes
        tiny_cfg.MODEL.CLIP.LOGIT_SCALE = -1.0
        with pytest.raises(ValueError, match=r"LOGIT_SCALE is -1.0"):
            TextHead(tiny_cfg)

    def test_other_words(self, tiny_cfg):
        head = TextHead(tiny_cfg)
        head.set_vocabulary(Vocabulary("two", (("boat",), ("dog", "puppy"))))
        assert head.output_names == ["boat", "dog"]
        assert head.word_features.shape == (3, 32)
        assert head.word_to_class.tolist() == [0, 1, 1]
        maps, _ = head(torch.randn(2, 32, 3, 4))
        assert maps.shape == (2, 2, 3, 4)
        head.set_vocabulary(Vocabulary("first", (("cat", "kitten"), ("dog",), ("tree",)), ("sky",)))
        torch.testing.assert_close(head.word_features, TextHead(tiny_cfg).word_features)


class TestVocabulary:
    @pytest.fixture
    def dataset(self, tmp_path):
        """Registers metadata of a dataset with these words; returns its name."""
        names = []

        def register(lines, num_classes):
            name = f"modeling_tests_{len(names)}"
            path = tmp_path / f"{name}.txt"
            path.write_text(lines)
            MetadataCatalog.get(name).set(
                vocabulary=str(path), stuff_classes=[str(k) for k in range(num_classes)]
            )
            names.append(name)
            return name

        yield register
        for name in names:
            MetadataCatalog.remove(name)

    def test_of_the_key_or_else_of_the_datasets(self, tiny_cfg, dataset):
        tiny_cfg.DATASETS.TEST = (dataset("a\nb\nc\nd\n", 4),)
        assert vocabulary_from_config(tiny_cfg).class_names == ("cat", "dog", "tree")
        tiny_cfg.MODEL.TEXT.VOCABULARY = ""
        assert vocabulary_from_config(tiny_cfg).words == ("a", "b", "c", "d")
        tiny_cfg.DATASETS.TEST += (dataset("b\n", 1),)
        with pytest.raises(ValueError, match=r"modeling_tests_0.*modeling_tests_1.*one benchmark"):
            vocabulary_from_config(tiny_cfg)
        tiny_cfg.DATASETS.TEST = ()
        with pytest.raises(ValueError, match=r"TEST = \(\) names the vocabularies \[\].*set MODEL"):
            vocabulary_from_config(tiny_cfg)

    def test_number_of_classes(self, tiny_cfg, dataset):
        names = {num_classes: dataset("unused\n", num_classes) for num_classes in (3, 4)}
        for background, fits, other in (("class", 4, 3), ("distractor", 3, 4)):
            tiny_cfg.MODEL.TEXT.BACKGROUND = background
            tiny_cfg.DATASETS.TEST = (names[fits],)
            assert vocabulary_from_config(tiny_cfg).num_classes == 3
            tiny_cfg.DATASETS.TEST = (names[other],)
            message = rf"{names[other]} has {other} classes.*tiny gives {fits}; change"
            with pytest.raises(ValueError, match=message):
                vocabulary_from_config(tiny_cfg)
