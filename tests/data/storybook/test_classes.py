"""The classes: their order, drawings, words and descriptions."""

import re
from collections import Counter
from pathlib import Path

import freecp_d2.data.storybook
from freecp_d2.data.storybook.classes import CLASS_INDEX, CLASSES, SCORED
from freecp_d2.data.storybook.textures import TEXTURES
from freecp_d2.data.storybook.things import THINGS

FOLDER = Path(freecp_d2.data.storybook.__file__).parent


def registered(decorator):
    """Names that files register, as often as they do."""
    text = "".join(path.read_text() for path in sorted(FOLDER.rglob("*.py")))
    return re.findall(rf'^@{decorator}\(\s*"([^"]+)"', text, re.M)


def test_order():
    assert CLASSES[:36] == SCORED
    assert not any(c.scored for c in CLASSES[36:])
    assert [CLASSES[i].name for i in CLASS_INDEX.values()] == list(CLASS_INDEX)
    assert len(CLASS_INDEX) == len(CLASSES) == 54


def test_every_class_has_one_drawing():
    for is_thing, decorator, drawn in ((False, "texture", TEXTURES), (True, "thing", THINGS)):
        names = [c.name for c in CLASSES if c.is_thing == is_thing]
        assert Counter(registered(decorator)) == Counter(names)
        assert drawn.keys() == set(names)


class TestWords:
    def test_a_word_is_of_one_class(self):
        words = [word for c in CLASSES for word in (c.name, *c.synonyms)]
        kinds = {kind for c in CLASSES for kind in c.kinds}
        assert [word for word, count in Counter(words).items() if count > 1] == []
        assert not kinds & set(words)
        odd = [word for word in (*words, *kinds) if not re.fullmatch("[a-z]+( [a-z]+)*", word)]
        assert odd == []
