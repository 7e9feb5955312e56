"""`rekan staff`: who owns and coordinates, for whoever has the command line."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.errors import CannotDoError
from bot.cli.options import ConfigFile, Json
from bot.cli.setup import database_exists, open_database, read_catalogue, read_config
from bot.cli.terminal import print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.programme import Catalogue, Programme
    from bot.storage.database import Database

_Programme = Annotated[str | None, typer.Option(help="The programme's id; needed where there are several.")]


def invite(
    name: Annotated[str, typer.Argument(help="Whom the link is for, as coordinators will read it.")],
    owner: Annotated[bool, typer.Option("--owner", help="An owner: may do everything.")] = False,
    session: Annotated[
        list[str] | None,
        typer.Option(help="A speaker, bound to the session of this id; again for another session."),
    ] = None,
    programme: _Programme = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Print a link that makes whoever opens it first a coordinator (owner, speaker); once, for three days."""
    from bot.clock import SystemClock
    from bot.domain.enrolment import tidy
    from bot.domain.people import Role
    from bot.usecases import staff

    if (tidied := tidy(name)) is None:
        raise CannotDoError("NAME is no name: letters, on one line, at most 120.")
    if owner and session:
        raise CannotDoError("--owner and --session do not go together: an owner may do all at every session.")
    role = Role.OWNER if owner else Role.SPEAKER if session else Role.COORDINATOR
    with _database(config_file) as (database, catalogue):
        chosen = _chosen(catalogue, programme)
        known = [each.id for each in chosen.sessions]
        if unknown := sorted(set(session or ()) - set(known)):
            raise CannotDoError(f"There is no session {', '.join(unknown)}; there are: {', '.join(known)}.")
        now = SystemClock().now()
        try:
            link = database.write_now(
                staff.invite, chosen, role, tidied, now, by=None, sessions=tuple(session or ())
            )
        except staff.NoBotNameError as error:
            raise CannotDoError(str(error)[:1].upper() + str(error)[1:] + ".") from error
    if as_json:
        print_json({"name": tidied, "role": role.value, "programme": chosen.id, "link": link})
    else:
        typer.echo(link)


def listing(programme: _Programme = None, config_file: ConfigFile = None, as_json: Json = False) -> None:
    """Show who owns, coordinates and speaks, and whose invitation is open."""
    from bot.clock import SystemClock
    from bot.storage import staff

    with _database(config_file) as (database, catalogue):
        chosen = _chosen(catalogue, programme)
        working = database.read_now(staff.staff, chosen.id)
        waiting = database.read_now(staff.invitations, chosen.id, SystemClock().now())
    if as_json:
        print_json(
            {
                "staff": [
                    {
                        "id": each.person.id,
                        "name": each.person.name,
                        "role": each.person.role.value,
                        "scope": each.scope.pairs(),
                        "sessions": sorted(each.sessions),
                    }
                    for each in working
                ],
                "invitations": [
                    {
                        "id": each.id,
                        "name": each.name,
                        "role": each.role.value,
                        "until": each.expires_at.isoformat(),
                    }
                    for each in waiting
                ],
            }
        )
        return
    for actor in working:
        part = ", ".join(value for _, value in actor.scope.pairs()) or "everybody"
        if actor.sessions:
            part = f"speaks at {', '.join(sorted(actor.sessions))}"
        typer.echo(f"{actor.person.id:>6}  {actor.person.role:<12} {actor.person.name} ({part})")
    for invitation in waiting:
        typer.echo(
            f"        invited      {invitation.name}, until {invitation.expires_at:%Y-%m-%d %H:%M} UTC"
        )
    if not working and not waiting:
        typer.echo("Nobody yet: `rekan staff invite --owner NAME` makes a link.")


def dismiss(
    person: Annotated[
        int, typer.Argument(metavar="ID", help="Whose role it is, as `rekan staff list` shows.")
    ],
    config_file: ConfigFile = None,
) -> None:
    """Take a role away: the desk and the pages close for that person at once."""
    from bot.clock import SystemClock
    from bot.usecases import staff

    with _database(config_file) as (database, _):
        if not database.write_now(staff.dismiss, None, person, SystemClock().now()):
            raise CannotDoError(f"{person} has no role here; `rekan staff list` shows who has.")
    typer.echo("The role is taken away.")


@contextmanager
def _database(config_file: ConfigFile) -> "Iterator[tuple[Database, Catalogue]]":
    config = read_config(config_file)
    if not database_exists(config):
        raise CannotDoError(f"There is no database at {config.database.shown} yet: run `rekan run` once.")
    catalogue = read_catalogue(config)
    with open_database(config, catalogue) as database:
        yield database, catalogue


def _chosen(catalogue: "Catalogue", programme_id: str | None) -> "Programme":
    programmes = catalogue.programmes
    if programme_id is None and len(programmes) == 1:
        return next(iter(programmes.values()))
    found = catalogue.programme(programme_id or "")
    if found is None:
        raise CannotDoError(f"Name the programme with --programme: {', '.join(programmes)}.")
    return found
