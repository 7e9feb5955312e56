"""The desk's area of rosters: a file sent to the bot is read, shown what it would change, and imported.

It is the importer of `rekan people import`. The file is not kept; what was read of it is, for an hour.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.documents.rosters import RosterError, RosterRow, read_roster
from bot.domain.audit import Action
from bot.domain.events import Shared, Wrote
from bot.domain.identity import Nip
from bot.domain.language import Localised
from bot.domain.messages import Button, Crowded, Edit, Fetch, File, Message, Reply, Say, Tap, Value
from bot.domain.staff import Right
from bot.domain.zones import Zone, find_province
from bot.storage import audit, files
from bot.storage.database import Transaction
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.rosters import ImportResult, import_roster
from bot.usecases.shift import Shift, ask, ask_no_more, asked_by, menu_button, shift_in, tell

ACTION = "k-daftar"
RIGHT = Right.IMPORT

KEPT = timedelta(hours=1)
"""How long what was read can be imported."""

_ENDINGS = (".csv", ".xlsx", ".xls", ".xlsb", ".ods", ".txt", ".tsv")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that was not read, and why; no number that stands in it."""

    row: int
    column: str
    why: Localised


@dataclass(frozen=True, slots=True)
class Read:
    """What a roster holds: its people, its problems, what is odd about it; `refused`: why it is no roster."""

    rows: tuple[RosterRow, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Localised, ...] = ()
    refused: Localised | None = None


def read(path: Path, now: datetime) -> Read:
    """Read a file that was sent; of whatever it is, something comes. Not in a transaction: takes seconds."""
    try:
        roster = read_roster(path, today=now.astimezone(Zone.WIT.tzinfo).date())
    except RosterError as error:
        return Read(refused=error.why.text)
    return Read(
        roster.rows,
        tuple(Problem(each.row, each.column, each.why.text) for each in roster.rejected),
        tuple(warning.text for warning in roster.warnings),
    )


# --- in the chat ------------------------------------------------------------------------------------------


def open(tx: Transaction, shift: Shift) -> Reply:  # noqa: A001 - every area of a coordinator's desk is opened so
    """Ask for the file."""
    ask(tx, shift, ACTION, {"asked": "file"})
    return Reply((Say("roster.ask", {}, ((menu_button(),),)),))


def write(tx: Transaction, shift: Shift, asked: Mapping[str, Any], event: Wrote | Shared) -> Reply:
    """The file, to be fetched and read."""
    if not isinstance(event, Shared) or event.kind != "document" or event.file_id is None:
        return Reply((Say("roster.file_please", {}, ((menu_button(),),)),))
    if not event.name.lower().endswith(_ENDINGS):
        return Reply((Say("roster.which_file", {"file": event.name[:80] or "—"}, ((menu_button(),),)),))
    wanted = Fetch(shift.chat_id, event.message_id, event.file_id, event.name, ACTION)
    return Reply((Say("roster.reading"),), fetch=wanted)


def tap(tx: Transaction, shift: Shift, message_id: int, tapped: Tap) -> Reply:
    """Import what was shown, or leave it."""
    file_id = asked_by(tx, shift, ACTION).get("file")
    if tapped.choice not in ("import", "leave") or file_id is None or str(file_id) != tapped.item:
        return Reply((OLD_BUTTON,))
    ask_no_more(tx, shift)
    kept = files.take(tx, file_id, shift.now)
    if tapped.choice == "leave":
        return Reply((Edit(message_id, Say("roster.left", {}, ((menu_button(),),))),))
    if kept is None:
        return Reply((Edit(message_id, Say("roster.too_late", {}, ((menu_button(),),))),))
    result = import_roster(tx, shift.programme, _load(kept), shift.now)
    audit.note(
        tx,
        shift.actor,
        Action.ROSTER_IMPORTED,
        shift.now,
        kind="programme",
        subject=shift.programme.id,
        people=result.imported + result.updated,
        new=result.imported,
        changed=result.updated,
    )
    return Reply((Edit(message_id, Say("roster.imported", _counts(result), ((menu_button(),),))),))


def found(tx: Transaction, chat_id: int, there: object, now: datetime) -> None:
    """Show whose chat it is what the file that was `read` would change; None: it could not be had.

    Whoever may not import any more by now, or was asked for something else meanwhile, is shown nothing.
    """
    shift = shift_in(tx, chat_id, now)
    if shift is None or not shift.actor.may(RIGHT):
        return
    if asked_by(tx, shift, ACTION):
        tell(tx, shift, "roster", _shown(tx, shift, there if isinstance(there, Read | Crowded) else None))


def _shown(tx: Transaction, shift: Shift, there: Read | Crowded | None) -> list[Message]:
    if isinstance(there, Crowded):
        return [Say("roster.crowded")]
    if there is None:
        return [Say("roster.not_fetched")]
    if there.refused is not None:
        return [Say("roster.refused", {"why": there.refused})]
    lines = tuple(_problem(each) for each in there.problems[:_SHOWN])
    left = len(there.problems) - len(lines)
    said: dict[str, Value] = {
        **_counts(import_roster(tx, shift.programme, there.rows, shift.now, dry_run=True)),
        "programme": shift.programme.title,
        "warnings": tuple(Say("roster.warning", {"why": each}) for each in there.warnings[:_SHOWN]) or "",
        "problems": Say("roster.problems", {"count": len(there.problems), "lines": lines}) if lines else "",
        "more": Say("roster.more", {"count": left}) if left else "",
    }
    messages: list[Message] = []
    if there.rows:
        file_id = files.keep(tx, _dump(there.rows), shift.now, kept=KEPT)
        ask(tx, shift, ACTION, {"asked": "file", "file": file_id})
        rows = (
            (Button(Say("roster.button_import"), Tap(ACTION, str(file_id), "import")),),
            (Button(Say("roster.button_leave"), Tap(ACTION, str(file_id), "leave")),),
        )
        messages.append(Say("roster.preview", said, rows))
    else:
        messages.append(Say("roster.nobody", said))
    if left:
        text = "\n".join(f"{each.row}: {each.column}: {each.why.id}" for each in there.problems)
        caption = Say("roster.all_problems", {"count": len(there.problems)})
        messages.append(File(files.keep(tx, text, shift.now), "perbaiki.txt", caption))
    return messages


def _problem(problem: Problem) -> Say:
    return Say("roster.problem", {"row": problem.row, "column": problem.column, "why": problem.why})


def _counts(result: ImportResult) -> dict[str, Value]:
    return {
        "new": result.imported,
        "changed": result.updated,
        "unchanged": result.unchanged,
        "missing": result.missing,
    }


def _dump(rows: tuple[RosterRow, ...]) -> str:
    return json.dumps(
        [
            (
                each.row,
                each.name,
                each.nip.digits,
                each.office,
                each.province.name if each.province else None,
                each.wave,
                each.class_,
                each.group,
            )
            for each in rows
        ],
        ensure_ascii=False,
    )


def _load(kept: str) -> list[RosterRow]:
    return [
        RosterRow(
            row, name, Nip(nip), office, find_province(province) if province else None, wave, class_, group
        )
        for row, name, nip, office, province, wave, class_, group in json.loads(kept)
    ]
