"""Names as people write them: whether two may be the same person's, or the same office's."""

import re
from collections.abc import Collection
from difflib import SequenceMatcher

LIKELY = 0.6
"""From which likeness on a name is worth showing to somebody who decides."""

_WORD = re.compile(r"[^\W\d_]+")
_DEGREE = re.compile(r"\b[sm]\.?\s?[a-z]{1,4}\b\.?$")  # S.Kom., M.Si
_TITLES = frozenset({"dr", "drs", "dra", "drg", "ir", "h", "hj", "prof", "bapak", "ibu", "sdr", "sdri"})
_ALIKE = {
    **dict.fromkeys(("moh", "moch", "muh", "much", "mohd", "muhd", "mhd"), "muhammad"),
    **dict.fromkeys(("muhamad", "mohamad", "mohammad", "mochamad", "mochammad", "muchamad"), "muhammad"),
    **dict.fromkeys(("abd", "abdl"), "abdul"),
    **dict.fromkeys(("sitti", "st"), "siti"),
}
_SMALL = frozenset({"dan", "di", "pada", "the", "and", "of"})


def words_of(name: str) -> tuple[str, ...]:
    """A name's words as they are compared: without titles and degrees, Moh./Muh. as Muhammad."""
    plain = name.lower().partition(",")[0].replace("'", "").replace("’", "")  # degrees follow a comma
    while (shorter := _DEGREE.sub("", plain).strip()) != plain and shorter.count(" "):
        plain = shorter
    found = [_ALIKE.get(word, word) for word in _WORD.findall(plain)]
    return tuple(word for word in found if word not in _TITLES) or tuple(found)


def likeness(one: str, other: str) -> float:
    """How alike two people's names are, from 0 to 1, whatever the order of their words.

    An initial may stand for a word, and "M." for Muhammad.
    """
    some, others = list(words_of(one)), list(words_of(other))
    most = max(len(some), len(others))
    if not most:
        return 0.0
    total = 0.0
    for word in some:
        best, place = max(((_alike(word, each), n) for n, each in enumerate(others)), default=(0.0, -1))
        if best:
            total += best
            del others[place]
    return total / most


def offices_alike(one: str, other: str) -> bool:
    """Whether two names of offices may well mean the same one."""
    some, others = _office(one), _office(other)
    if not some or not others:
        return False
    both = len(some & others)
    return both / len(some | others) >= LIKELY or (both >= 2 and both == min(len(some), len(others)))


def any_alike(office: str, offices: Collection[str]) -> bool:
    """Whether `office` may well be one of `offices`."""
    return any(offices_alike(office, each) for each in offices)


def _office(name: str) -> set[str]:
    return {word for word in re.findall(r"\w+", name.lower()) if word not in _SMALL}


def _alike(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if 1 in (len(one), len(other)):
        return 0.8 if one[0] == other[0] else 0.0
    close = SequenceMatcher(None, one, other).ratio()
    return 0.9 if close >= 0.8 else 0.0
