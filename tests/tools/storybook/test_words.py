"""The shipped word lists and descriptions are generated from the classes."""

import pytest

SHIPPED = (
    "vocabularies/storybook.txt",
    "vocabularies/storybook_wide.txt",
    "descriptions/storybook.json",
)


@pytest.fixture
def words(tools):
    return tools("words")


def test_shipped_files_are_up_to_date(words, tmp_path, monkeypatch, capsys):
    shipped = words.DATA
    (tmp_path / "vocabularies").mkdir()
    monkeypatch.setattr(words, "DATA", tmp_path)
    words.main()
    assert capsys.readouterr().out == "36 classes, 81 words\n"
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert found == set(SHIPPED)
    for name in SHIPPED:
        assert (shipped / name).read_bytes() == (tmp_path / name).read_bytes()
