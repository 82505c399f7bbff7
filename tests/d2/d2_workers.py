"""
Programs that the tests start in processes of their own.

`python d2_workers.py launch <folder>` starts two processes with `launch`; each writes what it saw
to `<folder>/rank<r>.json`, then the second raises. `python d2_workers.py setup <folder>
[arguments]` runs `default_setup`.
"""

import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from d2_synthetic import ConstantModel, register, write_sample

from freecp_d2.d2 import (
    SemSegEvaluator,
    build_detection_test_loader,
    comm,
    default_argument_parser,
    default_setup,
    get_cfg,
    inference_on_dataset,
    launch,
    setup_logger,
)

LABELS = [[[0, 1]], [[1, 1]], [[2, 0]]]  # three images for two processes: two and one


def see(folder: str) -> dict[str, Any]:
    """What `comm` says in this process."""
    rank = comm.get_rank()
    comm.synchronize()
    return {
        "rank": rank,
        "size": comm.get_world_size(),
        "local": [comm.get_local_rank(), comm.get_local_size()],
        "main": comm.is_main_process(),
        "all_gather": comm.all_gather({"rank": rank}),
        "gather": comm.gather("x" * (rank + 1)),
        "gather_at_1": comm.gather(rank, dst=1),
        "backend": torch.distributed.get_backend(),
    }


def evaluate(folder: str, num_images: int) -> dict[str, Any]:
    """Evaluate the model that always says grass, on this process's share."""
    images = Path(folder) / f"images{comm.get_rank()}_{num_images}"
    images.mkdir()
    records = [write_sample(images, i, np.array(LABELS[i])) for i in range(num_images)]
    name = f"d2_tests_launch_{num_images}"
    register(name, records)
    cfg = get_cfg()
    cfg.DATALOADER.NUM_WORKERS = 0
    loader = build_detection_test_loader(cfg, name)
    evaluator = SemSegEvaluator(name, distributed=True)
    results = inference_on_dataset(ConstantModel(label=1), loader, evaluator)
    return {"share": len(loader), "results": results}


def main(folder: str) -> None:
    """In each process: look around, evaluate, write it down."""
    seen = see(folder)
    seen["three_images"] = evaluate(folder, 3)
    seen["one_image"] = evaluate(folder, 1)
    (Path(folder) / f"rank{seen['rank']}.json").write_text(json.dumps(seen))
    comm.synchronize()  # both have written
    if seen["rank"] == 1:
        raise RuntimeError("failed on purpose")


def setup(folder: str, *arguments: str) -> None:
    """Run `default_setup` and write the first random numbers that follow."""
    args = default_argument_parser().parse_args([*arguments])
    cfg = get_cfg()
    cfg.merge_from_list(args.opts)
    default_setup(cfg, args)
    setup_logger(cfg.OUTPUT_DIR, name="freecp_d2").info("a line of the program")
    numbers = [random.random(), np.random.rand(), torch.rand(1).item()]
    (Path(folder) / "numbers.json").write_text(json.dumps(numbers))


if __name__ == "__main__":
    task, folder, *rest = sys.argv[1:]
    if task == "setup":
        setup(folder, *rest)
    else:
        launch(main, 2, dist_url="auto", args=(folder,))
