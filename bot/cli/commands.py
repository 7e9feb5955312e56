"""All commands: one file a group of them, each importing what it needs when it runs."""

from typing import Annotated

import typer

from bot.cli import check, db, demo, doctor, export, people, plan, run, schema, simulate, staff, trace, waves
from bot.cli.errors import explained
from bot.cli.terminal import version


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rekan {version()}")
        raise typer.Exit


def command_line() -> typer.Typer:
    """Every command, as Typer has it."""
    rekan = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
    rekan.callback()(_rekan)
    rekan.command("demo")(explained(demo.demo))
    rekan.command("run")(explained(run.run))
    rekan.command("check")(explained(check.check))
    rekan.command("plan")(explained(plan.plan))
    rekan.command("simulate")(explained(simulate.simulate))
    rekan.command("doctor")(explained(doctor.doctor))
    rekan.command("export")(explained(export.export))
    rekan.command("trace")(explained(trace.trace))
    rekan.command("backup")(explained(db.backup))
    rekan.command("schema", hidden=True)(explained(schema.schema))

    rosters = typer.Typer(no_args_is_help=True, help="Rosters in, personal claim links out.")
    rosters.command("import")(explained(people.import_people))
    rosters.command("links")(explained(people.links))
    rekan.add_typer(rosters, name="people")

    working = typer.Typer(no_args_is_help=True, help="Who owns and coordinates.")
    working.command("invite")(explained(staff.invite))
    working.command("list")(explained(staff.listing))
    working.command("dismiss")(explained(staff.dismiss))
    rekan.add_typer(working, name="staff")

    stopped = typer.Typer(no_args_is_help=True, help="Waves that stopped by themselves: resume or cancel.")
    stopped.command("resume")(explained(waves.resume))
    stopped.command("cancel")(explained(waves.cancel))
    rekan.add_typer(stopped, name="waves")

    database = typer.Typer(no_args_is_help=True, help="The database's tables.")
    database.command("upgrade")(explained(db.upgrade))
    database.command("revision")(explained(db.revision))
    rekan.add_typer(database, name="db")
    return rekan


def _rekan(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and stop.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Rekan sits beside each participant of a live orientation on Telegram."""
