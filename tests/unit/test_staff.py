"""Who may do what, and to whom."""

import pytest

from bot.domain.language import Language
from bot.domain.people import Person, Role
from bot.domain.staff import EVERYTHING, RIGHTS, Actor, Right, Scope
from bot.domain.zones import Zone

MAROS = Scope(offices=("Puskesmas Maros",))


def person(role: Role = Role.COORDINATOR, **values: object) -> Person:
    known = {
        "id": 1,
        "programme": "p",
        "name": "Sari",
        "role": role,
        "office": "Puskesmas Maros",
        "province": "Sulawesi Selatan",
        "wave": None,
        "class_": None,
        "group": None,
        "language": Language.ID,
        "zone": Zone.WITA,
        "chat_id": 1,
        "consented_at": None,
        "withdrawn_at": None,
        "first_login": None,
        "joined_at": None,
    }
    return Person(**{**known, **values})  # type: ignore[arg-type]  # a dictionary has one type for all


SPEAKING = ((person(Role.SPEAKER), EVERYTHING), (person(), MAROS))  # who coordinates a part may speak too

MATRIX = """
right             owner  coordinator  coordinator-of-a-part  speaker  participant
see_people        yes    yes          yes                    no       no
change_people     yes    yes          yes                    no       no
admit             yes    yes          yes                    no       no
import            yes    yes          no                     no       no
announce          yes    yes          yes                    no       no
approve           yes    yes          yes                    no       no
reach_groups      yes    yes          no                     no       no
see_progress      yes    yes          yes                    no       no
read_journals     yes    yes          yes                    no       no
see_timetable     yes    yes          yes                    yes      no
change_timetable  yes    yes          no                     no       no
see_deliveries    yes    yes          yes                    no       no
resend            yes    yes          yes                    no       no
export            yes    yes          yes                    no       no
see_audit         yes    yes          no                     no       no
invite_speakers   yes    yes          no                     no       no
appoint           yes    no           no                     no       no
speak             yes    yes          no                     yes      no
run_sessions      yes    yes          no                     no       no
"""


def test_the_whole_matrix() -> None:
    _, *lines = (line.split() for line in MATRIX.strip().splitlines())
    actors = (
        Actor(person(Role.OWNER)),
        Actor(person()),
        Actor(person(), MAROS),
        Actor(person(Role.SPEAKER)),
        Actor(person(Role.PARTICIPANT)),
    )
    found = {line[0]: line[1:] for line in lines}
    assert found == {
        right.value: ["yes" if actor.may(right) else "no" for actor in actors] for right in Right
    }
    assert set(RIGHTS) == set(Role)


def test_who_speaks_does_so_at_their_sessions_only() -> None:
    speaker, part = (Actor(each, limit, frozenset({"hari-1"})) for each, limit in SPEAKING)
    found = [
        [actor.may(Right.SPEAK), actor.speaks_at("hari-1"), actor.speaks_at("hari-2")]
        for actor in (speaker, part, Actor(person()), Actor(person(), MAROS))
    ]
    assert found == [[True, True, False], [True, True, False], [True, True, True], [False, False, False]]


@pytest.mark.parametrize(
    ("scope", "values", "inside"),
    [
        (EVERYTHING, {}, True),
        (MAROS, {"office": " puskesmas MAROS "}, True),
        (MAROS, {"office": "SMPN 1 Wamena"}, False),
        (Scope(provinces=("Papua",)), {"province": None}, False),
        (Scope(offices=("Puskesmas Maros",), groups=("1",)), {"group": "2"}, False),
        (Scope(offices=("Puskesmas Maros",), groups=("1", "2")), {"group": "2"}, True),
    ],
)
def test_who_is_in_a_scope(scope: Scope, values: dict[str, object], inside: bool) -> None:
    assert scope.holds(person(**values)) is inside


def test_nobody_reaches_another_programme() -> None:
    assert not Actor(person()).reaches(person(programme="q"))


def test_a_scope_as_it_is_kept_comes_back_alike() -> None:
    scope = Scope(offices=("A", "B"), groups=("1",))
    assert Scope.of(scope.pairs()) == scope
    with pytest.raises(ValueError, match="no kind"):
        Scope.of([("role", "owner")])
