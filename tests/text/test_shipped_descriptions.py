"""The shipped descriptions: complete, distinct, short enough for CLIP."""

import json
from pathlib import Path

from freecp_d2.text import CLIPTokenizer, load_descriptions, load_vocabulary, shipped_vocabularies
from freecp_d2.text.descriptions import descriptions_digest

FOLDER = Path(__file__).parents[2] / "freecp_d2" / "text" / "resources" / "descriptions"
NUM_SENTENCES = 15  # three instructions, five answers (Sec. 4.2)
CONTENTS = {
    name: json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    for name in ("visual", "storybook")
}


def test_every_word_of_the_shipped_vocabularies_has_fifteen():
    used = set()
    for name in shipped_vocabularies():
        is_storybook = name.startswith("storybook")
        descriptions = load_descriptions("storybook" if is_storybook else "visual")
        vocabulary = load_vocabulary(name)
        # The background of CLIPtrase's lists is for the method alone.
        skip = vocabulary.num_background if name.endswith("_cliptrase") else 0
        for word in vocabulary.words[skip:]:
            assert len(descriptions.prompts(word, ())) == NUM_SENTENCES, word
            used |= set() if is_storybook else {"".join(word.split())}
    assert {"".join(word.split()) for word in CONTENTS["visual"]["descriptions"]} <= used


def test_sentences():
    tokenizer = CLIPTokenizer()
    for content in CONTENTS.values():
        everything: set[str] = set()
        for word, sentences in content["descriptions"].items():
            assert len(sentences) == NUM_SENTENCES, word
            assert not tokenizer(sentences, context_length=78)[:, 77].any(), f"{word}: too long"
            for sentence in sentences:
                assert sentence == sentence.strip(), sentence
                assert sentence.isascii(), sentence
                assert sentence.endswith("."), sentence
                assert len(sentence.split()) >= 5, sentence
                assert sentence.lower() not in everything, sentence
                everything.add(sentence.lower())


def test_instructions_and_origin_are_recorded():
    content = CONTENTS["visual"]
    assert len(content["instructions"]) == 3
    assert all("{word}" in instruction for instruction in content["instructions"])
    assert all(content[key] for key in ("source", "model", "date", "licence"))
    assert content["sha256"] == descriptions_digest(content["descriptions"])
