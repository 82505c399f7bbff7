"""SAM3Segmentor: equal to Sam3Model one word at a time, with one pass of the image encoder."""

import pytest
import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from freecp_d2 import load_vocabulary
from freecp_d2.d2 import build_model
from freecp_d2.modeling.sam3 import SAM3
from tests.helpers.random_sam3 import IMAGE_SIZE, WORD_TOKENS, save_sam3
from tests.helpers.segmentors import photo

WORDS = "background: sky, wall\ncat, kitten\ndog\ntall tree\nred car, vehicle\n"
CLASSES = ["cat", "dog", "tall tree", "red car"]
SYNONYMS = [["cat", "kitten"], ["dog"], ["tall tree"], ["red car", "vehicle"]]
BACKGROUND = ["sky", "wall"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = save_sam3(tmp_path_factory.mktemp("sam3"))
    (path / "words.txt").write_text(WORDS)
    return path


@pytest.fixture
def cfg(tiny_cfg, folder):
    tiny_cfg.MODEL.META_ARCHITECTURE = "SAM3Segmentor"
    tiny_cfg.MODEL.SAM3.PRETRAINED = str(folder)
    tiny_cfg.MODEL.SAM3.WORD_BATCH = 4
    tiny_cfg.MODEL.TEXT.VOCABULARY = str(folder / "words.txt")
    return tiny_cfg


class PeakMemory(TorchDispatchMode):
    """The most bytes that tensors made inside have at once."""

    def __init__(self):
        super().__init__()
        self.peak, self.sizes = 0, {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        self.sizes = {ref: size for ref, size in self.sizes.items() if not ref.expired()}
        for tensor in tree_leaves(found):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                self.sizes[StorageWeakRef(storage)] = storage.nbytes()
        self.peak = max(self.peak, sum(self.sizes.values()))
        return found


def one_word(sam3: SAM3, image, word):
    """The map of a word, by a call of Sam3Model with pixels and text."""
    pixels = (image[None].float() - 127.5) / 127.5
    size = (IMAGE_SIZE, IMAGE_SIZE)
    options = {"mode": "bilinear", "align_corners": False, "antialias": True}
    pixels = torch.nn.functional.interpolate(pixels, size, **options)
    text = sam3.tokenizer([word], return_tensors="pt", padding="max_length", max_length=WORD_TOKENS)
    with torch.no_grad():
        found = sam3.model(pixel_values=pixels, **text)
    instances = found.pred_masks.sigmoid() * found.pred_logits.sigmoid()[..., None, None]
    best = torch.maximum(instances.amax(dim=1), found.semantic_seg[:, 0].sigmoid())[0]
    return best * found.presence_logits.sigmoid()


def expected_scores(sam3, image, synonyms, size):
    maps = [torch.stack([one_word(sam3, image, w) for w in words]).amax(0) for words in synonyms]
    options = {"mode": "bilinear", "align_corners": False}
    return torch.nn.functional.interpolate(torch.stack(maps)[None], size, **options)[0]


@pytest.mark.parametrize("word_batch", [1, 4, 16])
def test_equals_one_word_at_a_time(cfg, word_batch):
    cfg.MODEL.SAM3.WORD_BATCH = word_batch
    model, image, size = build_model(cfg).eval(), photo(80, 120), (60, 90)
    (found,) = model([{"image": image, "height": size[0], "width": size[1]}])
    words = expected_scores(model.sam3, image, SYNONYMS, size)
    assert model.text_head.output_names == ["background", *CLASSES]
    torch.testing.assert_close(found["sem_seg"][1:], words, atol=1e-5, rtol=0)
    torch.testing.assert_close(found["sem_seg"][0], 1 - words.amax(0), atol=1e-5, rtol=0)
    assert found["presence"].shape == (5,)
    assert found["features"].shape == (32, 8, 8)


def test_background_words_and_a_label_map(cfg):
    cfg.MODEL.TEXT.BACKGROUND = "words"
    model, image = build_model(cfg).eval(), photo(80, 120)
    synonyms = [BACKGROUND, *SYNONYMS]
    words = expected_scores(model.sam3, image, synonyms, (80, 120))
    (found,) = model([{"image": image}])
    torch.testing.assert_close(found["sem_seg"], words, atol=1e-5, rtol=0)
    model.return_label_map = True
    (found,) = model([{"image": image}])
    assert (found["sem_seg"] == words.argmax(0)).float().mean() > 0.999, "but for ties"


def test_words_come_from_the_cache(cfg, monkeypatch):
    first = build_model(cfg).text_head.tokens

    def refuse(*args):
        raise AssertionError("encoded again")

    monkeypatch.setattr(SAM3, "_encode_tokens", refuse)
    torch.testing.assert_close(build_model(cfg).text_head.tokens, first, atol=0, rtol=0)


def test_new_words(cfg):
    model, image = build_model(cfg).eval(), photo(80, 120)
    model.set_vocabulary(load_vocabulary("tall tree; cat"))
    (found,) = model([{"image": image}])
    words = expected_scores(model.sam3, image, [["tall tree"], ["cat"]], (80, 120))
    torch.testing.assert_close(found["sem_seg"], words, atol=1e-5, rtol=0)


def test_memory_does_not_grow_with_the_words(cfg):
    """But for the scores of the classes, which are the output, and the features of the words."""
    model, image = build_model(cfg).eval(), {"image": photo(32, 32)}
    model.return_label_map = True

    def peak(num_words):
        model.set_vocabulary(load_vocabulary("; ".join(f"w{k}" for k in range(num_words))))
        with PeakMemory() as memory:
            model([image])
        return memory.peak

    scores, features = 4 * 32 * 32, 4 * WORD_TOKENS * 32  # bytes of a class and of a word
    assert peak(48) - peak(8) < 1.05 * (48 - 8) * (scores + features)


def test_a_batch_of_no_words(cfg):
    cfg.MODEL.SAM3.WORD_BATCH = 0
    with pytest.raises(ValueError, match=r"WORD_BATCH is 0"):
        build_model(cfg)
