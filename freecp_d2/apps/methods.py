"""The base methods of the package, values of MODEL.CLIP.DENSE_ATTENTION, and their names."""

METHODS = {"maskclip": "MaskCLIP", "gem": "GEM", "clearclip": "ClearCLIP", "sclip": "SCLIP"}
"""Those of the paper."""

FURTHER_METHODS = {
    "clip": "CLIP",
    "naclip": "NACLIP",
    "scclip": "SC-CLIP",
    "sfp": "SFP",
    "resclip": "ResCLIP",
    "proxyclip": "ProxyCLIP",
    "cliptrase": "CLIPtrase",
}
"""Those of the table "bases", whose published numbers are for their authors' setting."""
