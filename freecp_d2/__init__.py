"""FreeCP on Detectron2 rails."""
