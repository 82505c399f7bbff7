"""The examples run as their headers say, and do what they claim."""

import json
import re

import numpy as np
import pytest
import torch

from freecp_d2 import AFFINITY_HEAD_REGISTRY, DENSE_ATTENTION_REGISTRY
from freecp_d2.apps import evaluate as train_net
from freecp_d2.config import add_freecp_config
from freecp_d2.d2 import ShapeSpec, build_model, get_cfg
from freecp_d2.engine import evaluate, import_plugins, load_config, plugins
from freecp_d2.modeling.purification.build import build_purification_head
from tests.helpers.command import ROOT

pytestmark = pytest.mark.usefixtures("no_charts")
EXAMPLES = {
    "examples/color_position.yaml": "examples/color_position_affinity.py",
    "examples/purify_your_model.yaml": "examples/purify_your_model.py",
    "examples/local_attention.yaml": "examples/local_attention.py",
    "examples/proxyclip.yaml": "examples/color_position_affinity.py",
    "examples/top_words.yaml": "examples/top_words.py --import examples/color_position_affinity.py",
    "examples/proxyclip_freecp.yaml": "examples/color_position_affinity.py",
}
AFFINITY, PURIFY, METHOD, PROXY, HEAD, _ = EXAMPLES
SCRIPT = ROOT / EXAMPLES[AFFINITY]
DOCUMENT = (ROOT / "docs/EXTENDING.md").read_text()
DATASET = "freecp_storybook_wide_val"
NUM_IMAGES = 3


@pytest.fixture(scope="module", autouse=True)
def _keys_of_the_examples():
    """Later tests have no keys that an example's `add_config` adds."""
    before = dict(plugins.config_functions)
    yield
    plugins.config_functions = before


def options(output, *opts):
    """A few small pages with short prompts."""
    pages = ["TEST.NUM_IMAGES", str(NUM_IMAGES), "TEST.LABEL_MAP", "True"]
    pages += ["INPUT.MIN_SIZE_TEST", "96"]
    return [*pages, "MODEL.TEXT.TEMPLATES", "simple", "OUTPUT_DIR", str(output), *opts]


def results_of(output):
    """mIoU of a run."""
    record = json.loads((output / "results.json").read_text())
    assert record["images"] == {DATASET: {"evaluated": NUM_IMAGES, "official": 150}}
    assert record["vocabulary"]["name"] == "storybook_wide"
    matrix = np.load(output / "inference" / DATASET / "confusion_matrix.npy")
    assert matrix.sum() == NUM_IMAGES * 192 * 256
    return record["results"][DATASET]["sem_seg"]["mIoU"]


def evaluate_here(config, output, *opts):
    import_plugins([str(ROOT / file) for file in EXAMPLES[config].split(" --import ")])
    opts = options(output, "DATALOADER.NUM_WORKERS", "0", "MODEL.DEVICE", "cpu", *opts)
    cfg = load_config(str(ROOT / config), opts)
    evaluate(cfg, build_model(cfg).eval())
    return results_of(output)


@pytest.mark.parametrize("config", [AFFINITY, METHOD, PROXY, HEAD])
def test_it_runs(config, tmp_path):
    assert 5 < evaluate_here(config, tmp_path) < 90, "neither chance nor the truth"


def test_an_unknown_head():
    argv = ["--eval-only", "--config", str(ROOT / AFFINITY), "MODEL.AFFINITY_HEAD.NAME", "Mine"]
    with pytest.raises(SystemExit, match=r"'Mine' found in 'AFFINITY_HEAD' registry.* --import"):
        train_net.main(argv)


class TestAffinity:
    @pytest.fixture
    def head(self):
        import_plugins([str(SCRIPT)])
        cfg = get_cfg()
        add_freecp_config(cfg)
        shape = {"patch_tokens": ShapeSpec(channels=8, stride=8)}
        return AFFINITY_HEAD_REGISTRY.get("ColorPositionAffinity")(cfg, shape)

    def features(self, num_windows=1):
        return {"patch_tokens": torch.zeros(num_windows, 8, 4, 6)}

    def test_contract(self, head):
        images = 255 * torch.rand(2, 3, 32, 48)
        affinity = head.affinity(images, self.features(2))
        assert affinity.shape == (2, 24, 24)
        assert affinity.dtype == torch.float32
        assert ((affinity >= 0) & (affinity <= 1)).all()
        torch.testing.assert_close(affinity, affinity.mT)
        torch.testing.assert_close(affinity.diagonal(dim1=1, dim2=2), torch.ones(2, 24))
        transition = head(images, self.features(2))
        torch.testing.assert_close(transition.sum(dim=2), torch.ones(2, 24), atol=0.05, rtol=0)

    def test_two_halves_are_two_blocks(self, head):
        images = torch.zeros(1, 3, 32, 48)
        images[..., 24:] = 255.0
        affinity = head.affinity(images, self.features())[0].view(4, 6, 4, 6)
        across = affinity[:, :3, :, 3:]
        assert across.max() < 1e-6
        assert affinity[:, :3, :, :3].min() > 0.01


def test_the_header_of_a_config_is_its_command():
    for config, script in EXAMPLES.items():
        command = f"python train_net.py --eval-only --config {config} --import {script}"
        assert (ROOT / config).read_text().splitlines()[0] == f"# {command}"
        assert command in DOCUMENT


class TestBaseMethod:
    def test_values_are_averaged_over_neighbours(self):
        import_plugins([str(ROOT / EXAMPLES[METHOD])])
        method = DENSE_ATTENTION_REGISTRY.get("LocalAttention")()
        values = torch.zeros(1, 2, 13, 1)
        values[0, 1, 1 + 5] = 1.0  # the second head: row 1, column 1 of 3 x 4 patches
        found = method.attend(values, values, values, (3, 4))
        assert found[0, 0].abs().max() == 0
        expected = torch.tensor([[1 / 4, 1 / 6, 1 / 6, 0], [1 / 6, 1 / 9, 1 / 9, 0]])
        torch.testing.assert_close(found[0, 1, 1:9, 0].view(2, 4), expected)
        assert found[0, 1, 0] == 0, "the class token keeps its own"


def test_your_head_keeps_the_top_words():
    import_plugins([str(ROOT / file) for file in EXAMPLES[HEAD].split(" --import ")])
    head = build_purification_head(load_config(str(ROOT / HEAD)))
    maps = torch.rand(2, 9, 4, 6)
    found = head(
        maps, maps, torch.eye(24).expand(2, 24, 24), allowed=torch.arange(9).expand(2, 9) < 7
    )
    assert (found.keep.sum(dim=1) == 3).all()
    assert not found.keep[:, 7:].any()
    assert (found.maps.amax(dim=(2, 3)) > 0).equal(found.keep)


class TestPurifyYourModel:
    def test_purification_helps_its_model(self, tmp_path):
        name = "MODEL.META_ARCHITECTURE"
        alone = evaluate_here(PURIFY, tmp_path / "alone", name, "CostVolumeSegmentor")
        purified = evaluate_here(PURIFY, tmp_path / "purified", "MODEL.PURIFIED.SIZE", "166")
        assert alone + 1 < purified

    def test_mistakes_are_found_before_the_run(self, tmp_path):
        argv = ["--eval-only", "--config", str(ROOT / PURIFY)]
        argv += ["--import", str(ROOT / EXAMPLES[PURIFY]), "OUTPUT_DIR", str(tmp_path)]
        for opts, error, message in [
            (["MODEL.WEIGHTS", "nowhere.pth"], FileNotFoundError, '"nowhere.pth" is no file'),
            (["MODEL.PURIFIED.CLIP", ""], ValueError, 'MODEL.PURIFIED.CLIP is ""'),
            (["MODEL.PURIFIED.META_ARCHITECTURE", ""], ValueError, "name the meta-architecture"),
        ]:
            with pytest.raises(error, match=message):
                train_net.check(train_net.build_parser().parse_args([*argv, *opts]))

    def test_code_of_the_document(self):
        wrap, alone = re.findall(
            r"```python\n(from freecp_d2 import [Pp]urif.*?)```", DOCUMENT, re.S
        )
        names: dict = {"scores": torch.randn(5, 4, 6), "affinity": torch.rand(24, 24)}
        names["probabilities"] = torch.rand(5, 32, 48)
        exec(alone, names)
        assert names["clean"].shape == (5, 32, 48)
        assert names["found"].keep.shape == (1, 5)
        exec(wrap.partition("model = ")[0], names)
        assert names["cfg"].MODEL.PURIFIED.CLIP == "CLIPViT"
