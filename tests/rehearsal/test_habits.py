"""The crowd's habits: alike for the same seed, and asleep at night."""

import random
from collections import Counter
from datetime import UTC, datetime

from bot.domain.journal import count_words
from bot.domain.zones import Zone
from bot.rehearsal import prose
from bot.rehearsal.habits import Chance, Quirk, awake, quirks
from bot.simulator.files import picture_size


def test_everybody_is_alike_for_the_same_seed_and_different_for_another() -> None:
    assert quirks(60, 1) == quirks(60, 1) != quirks(60, 2)
    assert Chance(1, 7).dice("quiz", "a").random() == Chance(1, 7).dice("quiz", "a").random()
    assert Chance(1, 7).dice("quiz", "a").random() != Chance(1, 8).dice("quiz", "a").random()


def test_a_crowd_has_every_quirk_and_is_mostly_ordinary() -> None:
    assert set(quirks(60, 1).values()) == set(Quirk)
    assert len(quirks(5, 1)) == 2
    assert all(0 not in quirks(60, seed) for seed in range(20))
    many = Counter(quirks(3_400, 1).values())
    assert many[Quirk.NEVER_COMES] == 102
    assert many.total() < 3_400 / 3


def test_whoever_would_act_at_night_does_so_in_the_morning_where_they_are() -> None:
    dice = random.Random(1)
    late = datetime(2026, 11, 9, 15, 0, tzinfo=UTC)  # 22.00 WIB, midnight in WIT
    for zone, day in ((Zone.WIB, 10), (Zone.WIT, 10)):
        morning = awake(late, zone, dice).astimezone(zone.tzinfo)
        assert (morning.day, morning.hour in {6, 7, 8}) == (day, True)
    noon = datetime(2026, 11, 9, 5, 0, tzinfo=UTC)
    assert awake(noon, Zone.WIB, dice) == noon


def test_journal_entries_are_as_long_as_prompts_hope_for_and_all_different() -> None:
    entries = [prose.journal_entry(random.Random(n), 1 + n % 3) for n in range(30)]
    assert [len(parts) for parts in entries] == [1 + n % 3 for n in range(30)]
    assert all(sum(map(count_words, parts)) > 40 for parts in entries)
    assert len({tuple(parts) for parts in entries}) == 30


def test_pictures_are_pictures() -> None:
    assert picture_size(prose.picture(random.Random(1))) == (160, 120)
