"""Pages: their exact pixels."""

import hashlib

import numpy as np

from freecp_d2.data.storybook import draw_scene, draw_training_scene
from freecp_d2.data.storybook.classes import CLASSES

GOLDEN = {
    (draw_scene, 0): (
        "caf20f6d97f0dc05ef7fae34628c2be4e9d55c7aab4ca76a5b57c0b88a40ae67",
        "dfc2be7b10287a7d6cccdf7a0a51ae31bd74b507303ff951d539f8c3d8415856",
    ),
    (draw_scene, 7): (
        "0467a68e9d317b784d4f99e310ee1fb5439bb58df70ae0ae5c7ca963d9d5b87f",
        "a1f14d2380f763fbd914bd93cd63544037e159105eb6d51a0300b579e9e62729",
    ),
    (draw_scene, 1_000_000): (
        "b9a503fbebb9dc57ebfab716d16db822e94bf69726948717edf2172edf548240",
        "262e55f1b58952e4533a4b3d040c3b89237e99f010335db87863cc90ae314173",
    ),
    (draw_scene, 2**32 - 1): (
        "6b229857ed26bdbb86e4ece3b679e8396e5d3cb36c0b1f3dc5f3e06ceb90630b",
        "fd9cfe753015cb8dd9b6618c2e3618ec62416c60bccb22eae512f55ab7e5a7b7",
    ),
    (draw_training_scene, 0): (
        "24ca800a8fb325e35b293a702cd2dae22cd49bfc4cfb5698f766f078304a5ec0",
        "f3df4423de65948e36aa60a654374292f4b60ea5c5e57fbc63494698ac06962a",
    ),
    (draw_training_scene, 7): (
        "94f48fc8d4cb463ceb093beac33850fc63120a33ab36f4aff6d89d8c622c3342",
        "dada9a710821649fc3396534b3c62b75e074e2742acd9b7cdad11fb7d960ca38",
    ),
}
"""(function, seed) -> SHA-256 of the image's and of the labels' bytes."""
FURTHER = (2, 17, 87, 162, 205, 291, 387)
"""Seeds of training pages that have the classes which the pages above lack."""
FURTHER_DIGEST = "8225d37ed9b4c01a40ec14a5a6e0c9e33c4961e23da676420f58efe42d33d6b1"


def digests(scene):
    return tuple(
        hashlib.sha256(array.tobytes()).hexdigest() for array in (scene.image, scene.labels)
    )


class TestGolden:
    """
    A page is a function of its seed, on every machine and in every version.

    A pixel that changes invalidates the trained weights and every stored number. To change one on
    purpose, train again, measure again, and write the new digests here.
    """

    def test_digest(self):
        """Independent of earlier pages."""
        np.random.seed(1)
        for draw, seed in GOLDEN:
            scene = draw(seed)
            assert (scene.image.shape, scene.labels.shape) == ((192, 256, 3), (192, 256))
            assert scene.image.dtype == scene.labels.dtype == np.uint8
            assert digests(scene) == GOLDEN[draw, seed], (draw, seed)

    def test_pages_with_all_other_classes(self):
        digest, seen = hashlib.sha256(), set()
        for seed in FURTHER:
            scene = draw_training_scene(seed)
            seen |= set(np.unique(scene.labels).tolist())
            digest.update(scene.image.tobytes() + scene.labels.tobytes())
        seen |= {k for draw, seed in GOLDEN for k in np.unique(draw(seed).labels).tolist()}
        assert seen == set(range(len(CLASSES)))
        assert digest.hexdigest() == FURTHER_DIGEST
