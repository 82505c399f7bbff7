"""Load the SAM 3 of a folder of `save_pretrained`, or of a repository of the hub."""

from pathlib import Path
from typing import Any

from ..affinity.encoder import find_folder, require_library

_KEY = "MODEL.SAM3.PRETRAINED"
_MODELS = {"sam3": "Sam3Model", "sam3_video": "Sam3Model"}


def load_sam3(pretrained: str) -> tuple[Any, Any]:
    """
    Load a `transformers.Sam3Model` and its tokenizer.

    Args:
        pretrained: a name of the catalogue, a hub name ("facebook/sam3"), or a folder with
            config.json, model.safetensors and the tokenizer's files.

    Raises:
        ImportError: transformers is missing, or older than SAM 3.
        FileNotFoundError: no such folder, or no tokenizer in it.
        PermissionError: the repository is gated; the message says how to get access.
        ConnectionError: the hub cannot be reached.
        ValueError: another kind of model, or weights of another config.
    """
    from ...checkpoint.transformers_folders import load_folder

    require_library("transformers", extra="sam3", head="SAM3Segmentor")
    import transformers

    if not hasattr(transformers, "Sam3Model"):
        raise ImportError(
            f"SAM3Segmentor needs transformers 5.0 or later, got {transformers.__version__}; run "
            'pip install "freecp_d2[sam3]".'
        )
    folder = find_folder(_KEY, pretrained, "sam3:sam3")
    model = load_folder(folder, _MODELS, _KEY)
    if not any((Path(folder) / name).is_file() for name in ("tokenizer.json", "vocab.json")):
        raise FileNotFoundError(  # transformers would make an empty one
            f"{folder} has no tokenizer; put tokenizer.json and tokenizer_config.json of "
            "facebook/sam3 beside the weights."
        )
    try:
        return model, transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # not documented for other files
        raise ValueError(
            f"{folder} holds no tokenizer that transformers can load ({type(error).__name__}: "
            f"{error}); get the files of facebook/sam3 again."
        ) from error
