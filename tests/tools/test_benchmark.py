"""The benchmark on one small window: what it prints, and that batches have the same labels."""

import pytest

from tests.helpers.command import run


@pytest.mark.slow
def test_rows_of_two_batch_sizes():
    options = "--words 20 --size 112x128 --window 112 --repeat 1 --threads 1 --batch-size 1 2"
    result = run("tools/benchmark.py", *options.split())
    assert result.returncode == 0, result.stderr
    tables = [line for line in result.stdout.splitlines() if line.startswith("|")]
    assert len(tables) == 2 * 4
    for row in tables[2:4]:
        names, found = ([x.strip() for x in line.split("|")] for line in (tables[0], row))
        values = dict(zip(names, found, strict=True))
        assert float(values["backbone"]) > 0
        assert 0 < float(values["of the peak"].rstrip("%")) < 150
        assert float(values["labels"].rstrip("%")) == pytest.approx(100, abs=0.1)
    assert all(float(row.split("|")[3]) >= 0 for row in tables[-2:]), "MiB of the backbone"
    assert "51 times" in result.stdout
