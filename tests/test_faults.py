"""docs/faults.md and what the tests recorded: a row too many or too few is told."""

from faults import Fault, stale, table

SEEN = [Fault("kills", "the front", "back", 10, 0, 1.0), Fault("broken", "a | b", "refused")]


def test_the_same_rows_whatever_the_figures():
    assert stale(table([Fault("kills", "the front", "back", 99, 3, 2.0), SEEN[1]]), SEEN, whole=True) == []


def test_a_row_too_few_or_too_many():
    assert stale(table(SEEN[:1]), SEEN, whole=False) == ["lacks 'a \\\\| b'"]
    assert stale(table(SEEN), SEEN[:1], whole=True) == ["has 'a \\\\| b', which no test recorded"]
    assert stale(table(SEEN), SEEN[:1], whole=False) == []
