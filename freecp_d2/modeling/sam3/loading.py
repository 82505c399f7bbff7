"""Load the SAM 3 of a folder of `save_pretrained`, or of a repository of the hub."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..affinity.encoder import find_folder, refuse_misfits

_KEY = "MODEL.SAM3.PRETRAINED"
_EXAMPLE = "sam3:sam3"


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
    _require_transformers()
    folder = find_folder(_KEY, pretrained, _EXAMPLE)
    import transformers

    advice = f"name a folder or repository with the files of facebook/sam3 in {_KEY}."
    kind = _try(lambda: transformers.AutoConfig.from_pretrained(folder), folder, advice).model_type
    if kind not in ("sam3", "sam3_video"):
        raise ValueError(f'{folder}/config.json has the model_type "{kind}", not sam3; {advice}')
    options: Any = {"output_loading_info": True, "ignore_mismatched_sizes": True}
    model, report = _try(
        lambda: transformers.Sam3Model.from_pretrained(folder, local_files_only=True, **options),
        folder,
        advice,
    )
    kinds = (report[f"{name}_keys"] for name in ("missing", "unexpected", "mismatched"))
    missing, unexpected, mismatched = (map(str, keys) for keys in kinds)
    refuse_misfits(folder, missing, unexpected, mismatched, advice)
    if not any((Path(folder) / name).is_file() for name in ("tokenizer.json", "vocab.json")):
        raise FileNotFoundError(  # transformers would make an empty one
            f"{folder} has no tokenizer; put tokenizer.json and tokenizer_config.json of "
            "facebook/sam3 beside the weights."
        )
    load = transformers.AutoTokenizer.from_pretrained
    return model, _try(lambda: load(folder, local_files_only=True), folder, advice)


def _require_transformers() -> None:
    found = find_spec("transformers") is not None
    if found:
        import transformers

        if hasattr(transformers, "Sam3Model"):
            return
    what = f"transformers {transformers.__version__} has no SAM 3" if found else "it is missing"
    raise ImportError(
        f"SAM3Segmentor needs transformers 5.0 or later, but {what}; run pip install "
        '"freecp_d2[sam3]".'
    )


def _try(load: Any, folder: str, advice: str) -> Any:
    try:
        return load()
    except Exception as error:  # not documented for other files
        raise ValueError(
            f"{folder} holds no SAM 3 that transformers can load "
            f"({type(error).__name__}: {error}); {advice}"
        ) from error
