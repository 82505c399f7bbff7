"""What the values or the colours of own label files mean."""

from ..labels import IGNORE_LABEL, LabelEncoding, first_values
from .classes import Classes
from .colors import ColorEncoding, color_encoding, parse_color, read_color_table
from .spec import Spec


class OwnEncoding(LabelEncoding):
    """
    A `LabelEncoding` whose messages name the keys of dataset.yaml. 255 is assumed to be no class,
    so that a single mask of 0 and 255 is doubtful.
    """

    masks_allowed = 0

    def explain(self, present: list[int], illegal: list[int]) -> str:
        num_classes = len(self.ids)
        if present == [0, IGNORE_LABEL]:
            return mask_advice(num_classes)
        if illegal == [num_classes] and self.ids[0] == 0:
            return (
                "The labels may begin at 1, with 0 for pixels without a class: then write "
                "`first: 1` in dataset.yaml. Else add the class to classes.txt."
            )
        return (
            f"There are {num_classes} classes. Add the missing ones to classes.txt in the order of "
            f"the values, or write `ignore: [{first_values(illegal)}]` in dataset.yaml if those "
            "pixels have no class."
        )


class StatedEncoding(OwnEncoding):
    """An encoding whose ignored values are given, so that masks of 0 and 255 are as they say."""

    masks_allowed = 1 << 30


def mask_advice(num_classes: int) -> str:
    """The message for labels whose only values are 0 and 255."""
    return (
        "0 and 255 alone are a mask of one class, and 255 usually means no class. Write class "
        "numbers into the labels, or say what the values mean in dataset.yaml: "
        '"classes: {0: background, 255: NAME}" with "ignore: []" for a mask, or "ignore: [255]" '
        "if 255 means no class."
    )


def label_encoding(spec: Spec, classes: Classes) -> LabelEncoding | ColorEncoding:
    """The meaning of the label files of a dataset; ValueError for what does not fit."""
    ignore = spec.ignore if isinstance(spec.ignore, list) else [spec.ignore]
    ignore = [] if spec.ignore is None else ignore
    if spec.colors is not None:
        if len(ignore) == 3 and all(isinstance(part, int) for part in ignore):
            ignore = [ignore]
        by_value = zip(classes.values, classes.names, strict=True)
        names = [name for _, name in sorted(by_value)]
        rows = read_color_table(spec.colors, spec.root)
        found = color_encoding(rows, names, [parse_color(color) for color in ignore])
        colors = dict(zip(names, found.colors, strict=True))
        return ColorEncoding(tuple(colors[name] for name in classes.names), found.unlabelled)
    if not all(isinstance(value, int) for value in ignore):
        raise ValueError(f"ignore is {spec.ignore!r}, expected values such as [0, 255].")
    if spec.ignore is None:
        usual = [IGNORE_LABEL, 0] if spec.first == 1 else [IGNORE_LABEL]
        ignore = [value for value in usual if value not in classes.values]
    kind = OwnEncoding if spec.ignore is None else StatedEncoding
    return kind(classes.values, tuple(dict.fromkeys([*ignore, *classes.no_class])))
