from bot.tally import Tally


def test_a_value_counts_up_to_its_bound() -> None:
    tally = Tally((1, 2, 5))
    assert (tally.cumulative(), tally.count, tally.sum) == ([0, 0, 0, 0], 0, 0.0)
    for value in (0, 1, 1.5, 2, 5, 5.1):
        tally.add(value)
    assert tally.cumulative() == [2, 4, 5, 6]
    assert (tally.count, round(tally.sum, 1)) == (6, 14.6)
