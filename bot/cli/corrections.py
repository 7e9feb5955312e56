"""What commands say of the corrections that coordinators have made of the timetable."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.config import Config
    from bot.domain.corrections import Problem, Trouble
    from bot.domain.programme import Catalogue
    from bot.storage.corrections import Standing
    from bot.storage.database import Transaction

Found = Sequence[tuple["Standing", tuple["Problem", ...]]]


def standing(config: "Config", catalogue: "Catalogue") -> "Found":
    """What stands in the configured database; nothing where there is none that this version can read."""
    from bot.cli.setup import database_exists, open_database
    from bot.storage import schema
    from bot.storage.database import DatabaseError
    from bot.usecases import corrections

    def query(tx: "Transaction") -> "Found":
        if not schema.current(tx.connection):
            return ()
        programmes = sorted({*catalogue.programmes, *corrections.programmes(tx)})
        return [each for programme_id in programmes for each in corrections.standing(tx, programme_id)]

    try:
        if not database_exists(config):
            return ()
        with open_database(config, catalogue, upgrade=False) as database:
            return database.read_now(query)
    except DatabaseError:  # the files can be checked all the same
        return ()


def in_words(found: "Found") -> Iterable[str]:
    """A line for each, with what is wrong with it."""
    for each, problems in found:
        when = f"{each.made_at:%Y-%m-%d %H:%M} UTC"
        said = f"{each.correction.kind} {each.correction.item}, by {each.made_by} on {when}"
        wrong = "".join(f"; {trouble_in_words(problem.trouble)}" for problem in problems)
        yield f"Corrected by a coordinator: {said}{wrong}."


def document(found: "Found") -> list[dict[str, Any]]:
    """The same for a program."""
    return [
        {
            "programme": each.programme_id,
            "kind": each.correction.kind.value,
            "item": each.correction.item,
            "made_by": each.made_by,
            "made_at": each.made_at.isoformat(),
            "problems": [problem.trouble.value for problem in problems],
        }
        for each, problems in found
    ]


def trouble_in_words(trouble: "Trouble") -> str:
    """What is wrong, and what holds."""
    return {
        "gone": "the files no longer have it, so this does nothing",
        "file_changed": "the files say something else than they did then, and the correction still holds",
        "backwards": "its times no longer fit the files, so the files hold",
        "taken": "the files have an entry of that name by now, and theirs holds",
        "unfit": "it no longer fits what the files say, so the files hold",
        "loose": "what it is about is no longer in the files, so this does nothing",
    }[trouble.value]
