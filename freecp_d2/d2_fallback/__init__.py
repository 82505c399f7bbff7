"""
The few Detectron2 names this project needs, for machines without Detectron2.

Same module paths and behaviour as Detectron2 (https://github.com/facebookresearch/detectron2,
Apache-2.0), written anew on fvcore, iopath, yacs and Pillow. Import them from `freecp_d2.d2`,
which hands out the real ones where Detectron2 is installed.

Left out: training (trainer, hooks, solver, train loaders), detection (boxes, instances,
proposals, the built-in architectures), LazyConfig, Visualizer, the model zoo, and the weight-name
matching of its checkpointer. Importing this package needs no torchvision, OmegaConf, OpenCV or
pycocotools.
"""

# The version of Detectron2 whose behaviour this package keeps.
__version__ = "0.6"
