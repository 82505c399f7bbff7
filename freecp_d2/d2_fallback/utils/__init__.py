"""Helpers without a subject; counterpart of `detectron2.utils`, which is also empty here."""
