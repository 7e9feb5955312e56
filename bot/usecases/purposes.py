"""What a message or a wave is about, in a coordinator's words, by the name under which it is kept.

An entry of the timetable goes by its own name, which has no colon. Everything else is named for machines:
`live:1`, `announcement:3/progress/2`, `pppk-2026/feedback-summary:hari-1`.
"""

import re
from typing import Final

from bot.domain.messages import Say, Value
from bot.domain.programme import Programme
from bot.usecases.copies import RECALL, REVISE
from bot.usecases.recaps import REMIND

_KIND: Final = re.compile(r"[a-z-]+")
_NUMBERED: Final = frozenset({"announcement", "live", "material", "question"})
_OF_A_SESSION: Final = frozenset(
    {"change", "contest", "decided", "feedback", "feedback-summary", "material-lacks", "session"}
)
_OTHERS: Final = frozenset(
    {
        "board",
        "digest",
        "excuse",
        "group",
        "journal-comment",
        "later",
        "questions",
        "recap",
        REMIND,
        "sign-in",
        "update",
        "warning",
    }
)


def purpose(programme: Programme, name: str) -> Value:
    """The words for a wave's name, or for why a message is owed; `name` where there are none."""
    plain = name.removeprefix(f"{programme.id}/")
    entry = plain.partition("@")[0]
    if programme.entry(entry) is not None:
        return entry
    found = _KIND.match(plain)
    kind = "" if found is None else found[0]
    rest = plain[len(kind) :].lstrip(":/@")
    item, _, detail = rest.partition("@")[0].partition("/")
    if kind in (REVISE, RECALL):
        return Say(f"purpose.{kind}", {"what": purpose(programme, rest)}) if ":" in rest else name
    if kind in _NUMBERED and item.isdecimal():
        key = f"{kind}_news" if kind in ("announcement", "live") and detail else kind
        return Say(f"purpose.{_key(key)}", {"number": int(item)})
    if kind in _OF_A_SESSION and (session := programme.session(item.partition(":")[0])) is not None:
        return Say(f"purpose.{_key(kind)}", {"title": session.title})
    return Say(f"purpose.{_key(kind)}") if kind in _OTHERS else name


def about(programme: Programme, name: str) -> Value:
    """As `purpose`; an entry of the timetable that is about one thing goes by that thing's title."""
    entry = programme.entry(name)
    title = None if entry is None or entry.about is None else programme.title_of(entry.about)
    return purpose(programme, name) if title is None else title


def _key(kind: str) -> str:
    return kind.replace("-", "_")
