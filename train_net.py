#!/usr/bin/env python
"""
Evaluate FreeCP on a benchmark, in Detectron2's manner.

    python train_net.py --eval-only --config configs/ade20k/sclip_freecp.yaml --num-gpus 8

FreeCP is training-free; `train_net.py` is the name that every Detectron2 project uses.
"""

from freecp import run

if __name__ == "__main__":
    run("freecp_d2.apps.evaluate", "train_net")
