"""
The names of Detectron2 that this project needs, for machines without Detectron2.

The paths of public modules and the behaviour are those of Detectron2
(https://github.com/facebookresearch/detectron2, Apache-2.0); the code is our own, on fvcore,
iopath, yacs and Pillow. Import the names from `freecp_d2.d2`, which uses Detectron2 if installed.

Each file names what it leaves out. Importing this package needs no torchvision, OmegaConf, OpenCV
or pycocotools.
"""

# The version of Detectron2 whose behaviour this package keeps.
__version__ = "0.6"
