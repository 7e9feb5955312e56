"""Whose names stand in a Zoom report: tolerant of spellings, offices, numbers and devices in them.

Several people behind one account are normal ("Anna & Budi"), and so is a name that is nobody's ("iPhone").
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.documents.zoom_report import Attendee
from bot.domain.names import words_of

SURE = 0.88
"""From which likeness on a name is taken for somebody's, where no other comes near."""

APART = 0.08
"""By how much the next must be less alike."""

DOUBTFUL = 0.6
"""From which likeness on somebody is proposed."""

MOST_PROPOSED = 3

_CLOSE = 80  # of 100: two spellings of one word
_OFFICE = 0.1  # what the office in a name adds
_LOOKED_AT = 150  # people whose names share a word with it, rare words first

_AND = re.compile(r"\s*(?:&|\+|/|;|\bdan\b|\band\b)\s*", re.IGNORECASE)
_NOT_NAMES = frozenset(
    re.findall(
        r"\w+",
        "iphone ipad android samsung galaxy oppo vivo redmi xiaomi realme infinix hp laptop zoom user guest"
        " tamu pc peserta pppk asn bapak ibu dinas kantor badan puskesmas pkm uptd kab kabupaten kota prov"
        " provinsi kec kecamatan sd sdn smp smpn sma sman smk tk rsud satker unit no nip absen",
    )
)


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who might be meant."""

    id: int
    name: str
    office: str


@dataclass(frozen=True, slots=True)
class Match:
    """Who a name is: surely these, or perhaps one of these (the likeliest first), or nobody known."""

    attendee: Attendee
    sure: tuple[int, ...] = ()
    perhaps: tuple[int, ...] = ()


def is_a_name(name: str) -> bool:
    """Whether it has two words or more that name somebody, rather than a telephone or an office."""
    return sum(word not in _NOT_NAMES for word in words_of(name.replace(",", " "))) > 1


def match(attendees: Iterable[Attendee], people: Sequence[Known]) -> list[Match]:
    """Match each name; of thousands against thousands it takes a second or two."""
    index = _Index(people)
    return [_match(index, attendee) for attendee in attendees]


def _match(index: "_Index", attendee: Attendee) -> Match:
    found: list[list[tuple[float, int]]] = []
    for name in filter(None, (attendee.name, attendee.original)):
        found.append(index.likely(name))
        if (one := _sure(found[-1])) is not None:
            return Match(attendee, (one,))
    for name in filter(None, (attendee.name, attendee.original)):
        parts = [part for part in _AND.split(name) if part]
        if len(parts) < 2:
            continue
        each = [index.likely(part) for part in parts]
        sure = [one for ranked in each if (one := _sure(ranked)) is not None]
        if len(sure) > 1 and len(sure) == len(parts):
            return Match(attendee, tuple(dict.fromkeys(sure)))
        found += each
    best: dict[int, float] = {}
    for ranked in found:
        for score, person in ranked:
            best[person] = max(score, best.get(person, 0.0))
    ranked_all = sorted(
        ((score, person) for person, score in best.items()), key=lambda each: (-each[0], each[1])
    )
    perhaps = [person for score, person in ranked_all if score >= DOUBTFUL]
    return Match(attendee, (), tuple(perhaps[:MOST_PROPOSED]))


def _sure(ranked: Sequence[tuple[float, int]]) -> int | None:
    if not ranked or ranked[0][0] < SURE:
        return None
    if len(ranked) > 1 and ranked[0][0] - ranked[1][0] < APART:
        return None
    return ranked[0][1]


class _Index:
    """People by the words of their names."""

    def __init__(self, people: Sequence[Known]) -> None:
        self._words = {person.id: words_of(person.name) for person in people}
        self._offices = {
            person.id: frozenset(words_of(person.office.replace(",", " "))) - _NOT_NAMES for person in people
        }
        by_word: defaultdict[str, set[int]] = defaultdict(set)
        by_start: defaultdict[str, set[int]] = defaultdict(set)
        for person, words in self._words.items():
            for word in words:
                by_word[word].add(person)
                by_start[word[:3]].add(person)
        by_name: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for person, words in self._words.items():
            by_name[tuple(sorted(words))].append(person)
        self._by_name: Mapping[tuple[str, ...], list[int]] = by_name
        self._by_word: Mapping[str, set[int]] = by_word
        self._by_start: Mapping[str, set[int]] = by_start

    def likely(self, name: str) -> list[tuple[float, int]]:
        """Whose name it may be, with the likeness, the likeliest first."""
        words = [word for word in words_of(name.replace(",", " ")) if word not in _NOT_NAMES]
        if not words or not any(len(word) > 2 for word in words):
            return []
        exactly = self._by_name.get(tuple(sorted(words)), ())
        if len(exactly) == 1 and len(words) > 1:  # as most are: nobody else is looked at
            return [(1.0, exactly[0])]
        scored = [(self._score(words, person), person) for person in self._near(words)]
        return sorted(scored, key=lambda each: (-each[0], each[1]))[: MOST_PROPOSED + 1]

    def _near(self, words: Sequence[str]) -> set[int]:
        """People who share a word with it, or the beginning of one: those of rare words first."""
        groups = [self._by_word.get(word, set()) for word in words]
        groups += [self._by_start.get(word[:3], set()) for word in words if len(word) > 2]
        near: set[int] = set()
        for group in sorted(filter(None, groups), key=len):
            if near and len(near) + len(group) > _LOOKED_AT:
                # Of a name that very many have, only who shares more of it.
                near |= {person for person in group if set(words) <= set(self._words[person])}
            else:
                near |= group
        return near

    def _score(self, words: Sequence[str], person: int) -> float:
        names, left = self._words[person], list(words)
        total, matched = 0.0, 0
        for name in names:
            best, place = max(((_alike(name, word), n) for n, word in enumerate(left)), default=(0.0, -1))
            if best:
                total, matched = total + best, matched + 1
                del left[place]
        if not matched:
            return 0.0
        offices = self._offices[person]
        of_office = [word for word in left if any(_alike(word, office) == 1 for office in offices)]
        shares = (total / len(names), total / (len(words) - len(of_office)))
        score = sum(shares) / 2 + (_OFFICE if of_office else 0.0)
        # One word that two people's names have in common says little, unless it is all of a name.
        return score if matched > 1 or len(names) == 1 else min(score, SURE - 0.01)


def _alike(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if 1 in (len(one), len(other)):
        return 0.85 if one[0] == other[0] else 0.0
    short, long = sorted((one, other), key=len)
    if len(short) > 2 and long.startswith(short):
        return 0.85
    from rapidfuzz import fuzz  # noqa: PLC0415 - dozens of modules, for whoever brings a report

    close = fuzz.ratio(one, other, score_cutoff=_CLOSE)
    return close / 100 if close else 0.0
