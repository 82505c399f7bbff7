"""
Colours for Storybook's label maps: about the mean colour of its texture for stuff, a contrasting
colour for things.
"""

import colorsys
from collections.abc import Iterable

_COLORS = """
sky 150 200 245 / sea 20 80 150 / river 70 165 165 / grass 95 175 55 / field 205 175 70
hill 130 160 105 / forest 15 65 30 / mountain 140 137 145 / sand 225 205 150 / snow 245 248 255
road 80 80 88 / brick wall 180 95 75 / painted wall 235 215 190 / wooden floor 150 100 55
carpet 120 60 95 / tree 40 125 40 / palm tree 150 205 20 / house 240 130 100
lighthouse 225 30 40 / tent 240 160 30 / car 20 40 220 / bus 255 215 0 / sailboat 0 190 220
sun 255 240 90 / moon 190 190 215 / cloud 215 230 235 / balloon 255 90 170 / sheep 215 190 225
cow 105 60 25 / flower 230 60 230 / mushroom 200 60 90 / fence 245 225 225 / umbrella 130 30 190
table 190 130 50 / chair 165 70 20 / lamp 255 255 170
lake 85 130 190 / stone wall 110 125 125 / tile floor 165 175 180 / gravel 120 105 80
bush 65 150 90 / skyscraper 70 100 130 / ship 100 20 45 / train 30 130 110 / fish 255 115 50
bird 65 25 90 / ball 0 240 120 / star 215 235 0 / crate 160 120 80 / clock 190 165 190
snowman 190 215 200 / kite 90 90 255 / pig 255 170 185 / rocket 200 20 150

water 0 120 215 / wall 200 160 130 / floor 75 45 5 / plant 110 255 60 / building 190 90 130
vehicle 80 20 200 / boat 20 230 255 / animal 140 85 80 / furniture 215 95 20
pond 130 220 100 / masonry 95 100 115 / tiles 245 215 115 / pebbles 170 160 30 / shrub 0 90 70
office tower 45 45 50 / steamer 160 50 70 / locomotive 60 90 0 / goldfish 255 165 90
songbird 100 60 140 / beach ball 120 255 190 / golden star 240 250 110 / wooden box 120 90 30
wall clock 160 130 200 / snow figure 160 250 250 / paper kite 150 120 255 / piglet 220 120 220
space rocket 250 70 60
"""


def _read() -> dict[str, tuple[int, int, int]]:
    rows = [entry.rsplit(maxsplit=3) for line in _COLORS.split("\n") for entry in line.split(" / ")]
    return {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in rows if row}


_TABLE = _read()


def stuff_colors(names: Iterable[str]) -> list[tuple[int, int, int]]:
    """
    A colour for each class, as Detectron2's metadata has them.

    Args:
        names: the classes, in label order. A class that is not in the table gets a saturated
            colour, whose hue depends on its position.

    Returns:
        list[tuple]: (red, green, blue), 0 to 255.
    """
    return [_TABLE.get(name) or _strong(place) for place, name in enumerate(names)]


def _strong(place: int) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(place * 0.618034 % 1, 0.8, 0.9)
    return round(255 * red), round(255 * green), round(255 * blue)
