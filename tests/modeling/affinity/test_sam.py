"""SAMAffinity: the library's own features and masks without the padding, and refused files."""

import pytest
import torch
import torch.nn.functional as F
from segment_anything import SamAutomaticMaskGenerator, SamPredictor, sam_model_registry

from freecp_d2.modeling.affinity import SAMAffinity, build_affinity_head
from freecp_d2.modeling.affinity.encoder import mask_affinity
from freecp_d2.modeling.affinity.sam import load_sam
from freecp_d2.modeling.resampling import resample
from tests.helpers.random_affinity import SAM, random_sam, use_source
from tests.modeling.affinity.test_dino import grid_of, windows


def predicted(sam, image):
    """The library's own way from an image (3, H, W) in [0, 255] to an embedding (1, C, 8, 8)."""
    predictor = SamPredictor(sam)
    predictor.set_image(image.round().to(torch.uint8).permute(1, 2, 0).numpy())
    return predictor.get_image_embedding()


def cosines(features):
    tokens = F.normalize(features.flatten(2), dim=1)
    return (tokens.mT @ tokens).clamp(min=1e-6)


@pytest.fixture(scope="module")
def sam():
    return random_sam()


def test_features_are_the_librarys(sam):
    """At the encoder's own size nothing is resized; of 48 x 64 a quarter is padding."""
    for size, valid in [((64, 64), (8, 8)), ((48, 64), (6, 8))]:
        images = windows(2, *size).round()
        found = SAMAffinity(encoder=sam).affinity(images, grid_of(2, *valid))
        embeddings = torch.cat([predicted(sam, image) for image in images])
        expected = cosines(embeddings[..., : valid[0], : valid[1]])
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_another_size(sam):
    """
    Windows of 40 x 48 become 53 x 64. The library resizes with PIL and rounds to bytes: half a
    level of 255, which a random encoder turns into a few thousandths of a cosine.
    """
    smooth = F.interpolate(windows(1, 4, 4), (40, 48), mode="bicubic").clamp(0, 255).round()
    found = SAMAffinity(encoder=sam).affinity(smooth, grid_of(1, 5, 6))
    expected = cosines(resample(predicted(sam, smooth[0]), (5, 6), extent=(53 / 8, 8)))
    torch.testing.assert_close(found, expected, rtol=0, atol=0.02)


def test_the_batch_size_has_no_effect(sam):
    images = windows(3, 48, 64)
    alone = SAMAffinity(encoder=sam).affinity(images, grid_of(3, 6, 8))
    for batch_size in (2, 8):
        head = SAMAffinity(encoder=sam, batch_size=batch_size)
        torch.testing.assert_close(head.affinity(images, grid_of(3, 6, 8)), alone)


class TestMasks:
    def test_masks_are_the_librarys(self):
        """Masks are sharp and confident, which random ones are not; confidence is at most one."""
        sam = random_sam(seed=3)
        for head in sam.mask_decoder.output_hypernetworks_mlps:
            head.layers[-1].weight *= 100
        sam.mask_decoder.iou_prediction_head.layers[-1].weight.zero_()
        image = windows(1, 48, 64)
        pixels = image[0].round().to(torch.uint8).permute(1, 2, 0).numpy()
        for confidence, score in ((0.95, 0.95), (1.02, 1.0)):
            sam.mask_decoder.iou_prediction_head.layers[-1].bias.fill_(confidence)
            head = SAMAffinity(encoder=sam, source="masks", points_per_side=3)
            found = head.affinity(image, grid_of(1, 6, 8))
            records = SamAutomaticMaskGenerator(sam, points_per_side=3).generate(pixels)
            assert records
            masks = torch.stack([torch.from_numpy(record["segmentation"]) for record in records])
            shares = resample(masks[None].float(), (6, 8))
            expected = mask_affinity(shares, torch.full((1, len(records)), score))
            torch.testing.assert_close(found, expected)

    def test_no_masks(self, sam):
        """Random masks are never stable: the affinity is the identity."""
        head = SAMAffinity(encoder=sam, source="masks", points_per_side=2)
        found = head.affinity(windows(1, 32, 48), grid_of(1, 4, 6))
        torch.testing.assert_close(found, torch.eye(24)[None])


class TestWeights:
    @pytest.fixture
    def file(self, tmp_path):
        return tmp_path / "sam.pth"

    def test_the_authors_format(self, file, sam):
        torch.save(sam.state_dict(), file)
        found = load_sam(SAM, str(file)).state_dict()
        assert "image_encoder.blocks.0.attn.rel_pos_h" in found
        assert all(torch.equal(found[key], value) for key, value in sam.state_dict().items())

    def test_keys_are_named(self, file, sam):
        state = dict(sam.state_dict())
        del state["image_encoder.pos_embed"]
        state["image_encoder.neck.0.weight"] = torch.zeros(1)
        torch.save(state | {"adapter": torch.zeros(1)}, file)
        with pytest.raises(
            ValueError,
            match=r"1 missing \(image_encoder\.pos_embed\); 1 unexpected \(adapter\); 1 of another "
            r"shape \(image_encoder\.neck\.0\.weight \(1,\) .*SAM\.ARCH \(vit_freecp",
        ):
            load_sam(SAM, str(file))

    def test_other_models_are_named(self, file):
        for name, kind in (
            ("image_encoder.trunk.patch_embed.proj.weight", "SAM 2"),
            ("image_encoder.layers.0.blocks.0.conv1.c.weight", "MobileSAM"),
            ("mask_decoder.hf_token.weight", "HQ-SAM"),
            ("shared_image_embedding.positional_embedding", "transformers"),
            ("visual.conv1.weight", "CLIP"),
        ):
            torch.save({"model": {name: torch.ones(1), "mask_decoder.a": torch.ones(1)}}, file)
            with pytest.raises(ValueError, match=rf"sam\.pth is a.*{kind}.*vit_b, vit_l and vit_h"):
                load_sam("vit_b", str(file))

    def test_architectures(self):
        assert {"vit_b", "vit_l", "vit_h"} <= sam_model_registry.keys()
        with pytest.raises(ValueError, match=r'SAM\.ARCH="vit_g".*vit_h.*vit_b'):
            load_sam("vit_g", "sam.pth")


def test_refused_options(sam):
    for options, message in [
        ({"source": "logits"}, r'SAM\.SOURCE="logits".*masks'),
        ({"points_per_side": 0}, r"POINTS_PER_SIDE and BATCH_SIZE are 0 and 1"),
        ({"batch_size": -1}, r"POINTS_PER_SIDE and BATCH_SIZE are 32 and -1"),
        ({"power": 0.0}, r"SAM\.COSINE_POWER is 0\.0"),
    ]:
        with pytest.raises(ValueError, match=message):
            SAMAffinity(encoder=sam, **options)


def test_from_config(tiny_cfg, tmp_path):
    node = use_source(tiny_cfg, "SAMAffinity", tmp_path).MODEL.AFFINITY_HEAD.SAM
    node.SOURCE, node.COSINE_POWER, node.POINTS_PER_SIDE, node.BATCH_SIZE = "masks", 2.0, 4, 3
    head = build_affinity_head(tiny_cfg, {})
    assert (head.source, head.power, head.points_per_side, head.batch_size) == ("masks", 2, 4, 3)
