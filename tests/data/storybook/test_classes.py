"""The classes: their order, drawings, words and descriptions."""

import re
from collections import Counter
from pathlib import Path

import freecp_d2.data.storybook
from freecp_d2.data.storybook.classes import CLASS_INDEX, CLASSES, NEIGHBOURS, SCORED
from freecp_d2.data.storybook.textures import TEXTURES
from freecp_d2.data.storybook.things import THINGS

WIDER = [kind for kind, n in Counter(k for c in CLASSES for k in c.kinds).items() if n > 1]
FOLDER = Path(freecp_d2.data.storybook.__file__).parent


def registered(folder, decorator):
    """Names that the files of a folder register, as often as they do."""
    found = []
    for path in sorted((FOLDER / folder).glob("*.py")):
        found += re.findall(rf'^@{decorator}\(\s*"([^"]+)"', path.read_text(), re.M)
    return found


def test_order():
    assert CLASSES[:36] == SCORED
    assert not any(c.scored for c in CLASSES[36:])
    assert [CLASSES[i].name for i in CLASS_INDEX.values()] == list(CLASS_INDEX)
    assert len(CLASS_INDEX) == len(CLASSES) == 54


def test_every_class_has_one_drawing():
    for is_thing, folder, drawn in ((False, "textures", TEXTURES), (True, "things", THINGS)):
        names = [c.name for c in CLASSES if c.is_thing == is_thing]
        assert Counter(registered(folder, folder.removesuffix("s"))) == Counter(names)
        assert drawn.keys() == set(names)


class TestWords:
    def test_a_word_is_of_one_class(self):
        words = [word for c in CLASSES for word in (c.name, *c.synonyms)]
        kinds = {kind for c in CLASSES for kind in c.kinds}
        assert [word for word, count in Counter(words).items() if count > 1] == []
        assert not kinds & set(words)
        odd = [word for word in (*words, *kinds) if not re.fullmatch("[a-z]+( [a-z]+)*", word)]
        assert odd == []

    def test_neighbours(self):
        """Words that an image can tell from a scored class: no synonym of one."""
        assert NEIGHBOURS.keys() > {"water", "animal", "furniture", "pond", "songbird"}
        assert not NEIGHBOURS.keys() & {"meadow", "ocean", "lawn", *CLASS_INDEX}
        absent = {word for c in CLASSES[36:] for word in c.synonyms}
        assert NEIGHBOURS.keys() == absent | set(WIDER)


class TestLooks:
    def test_five_for_each_class_and_none_shared(self):
        for c in CLASSES:
            assert len(set(c.looks)) == len(c.looks) == 5, c.name
        looks = [look for c in CLASSES for look in c.looks]
        assert len(set(looks)) == len(looks)
        assert [look for look in looks if re.search(r"\ba [aeiou]|\ban [^aeiou]", look)] == []

    def test_of_wider_words(self):
        """Five, from all members in turn: the members' counts differ by at most one."""
        for kind in WIDER:
            members = [c for c in CLASSES if kind in c.kinds]
            seen = NEIGHBOURS[kind]
            assert len(set(seen)) == len(seen) == 5, kind
            counts = [sum(look in c.looks for look in seen) for c in members]
            assert sum(counts) == 5
            assert max(counts) - min(counts) <= 1, kind
        assert NEIGHBOURS["pond"] == CLASSES[CLASS_INDEX["lake"]].looks
