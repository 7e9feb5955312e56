"""Outbox messages as JSON and back: the shape that a restart, or an older version's row, must survive."""

from datetime import date, datetime, time
from typing import Any

from bot.domain.language import Localised
from bot.domain.messages import (
    Announcement,
    Ask,
    AskLive,
    Bar,
    Board,
    Button,
    Cell,
    Chart,
    Delete,
    Edit,
    File,
    Invite,
    Link,
    Material,
    Message,
    Picture,
    Progress,
    Recall,
    Revise,
    Say,
    Scheduled,
    SessionCard,
    Table,
    Tap,
    Value,
    Written,
)
from bot.domain.programme import Local


def dump(message: Message) -> dict[str, Any]:
    """`message` as what JSON can hold; `load` gives an equal one back."""
    match message:
        case Say():
            return {"say": _dump_say(message)}
        case Scheduled(programme, entry):
            return {"scheduled": [programme, entry]}
        case Ask(quiz, attempt, question):
            return {"ask": [quiz, attempt, question]}
        case Invite(programme, session):
            return {"invite": [programme, session]}
        case SessionCard(programme, session, lead, stuck, materials):
            said = {} if lead is None else {"say": _dump_say(lead)}
            more = {name: True for name, is_so in (("stuck", stuck), ("materials", materials)) if is_so}
            return {"session_card": [programme, session], **said, **more}
        case Edit(message_id, say):
            return {"edit": message_id, "say": _dump_say(say)}
        case Delete(message_id):
            return {"delete": message_id}
        case Revise():
            return {"revise": True}
        case Recall(note, by_note):
            said = {} if note is None else {"say": _dump_say(note)}
            return {"recall": by_note, **said}
        case Announcement(announcement_id, version, topic):
            chosen = {"version": version, "topic": topic}
            kept = {name: value for name, value in chosen.items() if value is not None}
            return {"announcement": announcement_id, **kept}
        case Material(material_id, version):
            return {"material": [material_id, version]}
        case Progress(announcement_id):
            return {"progress": announcement_id}
        case Board(kind, item):
            return {"board": [kind, item]}
        case AskLive(number):
            return {"ask_live": number}
        case File(file_id, name, caption):
            return {"file": [file_id, name], "say": _dump_say(caption)}
        case Picture(chart, caption):
            return {"picture": _dump_chart(chart), "say": _dump_say(caption)}


def load(data: dict[str, Any]) -> Message:
    """The message that `dump` wrote; raises ValueError for anything else."""
    match data:
        case {"edit": int(message_id), "say": dict(say)}:
            return Edit(message_id, _load_say(say))
        case {"delete": int(message_id)}:
            return Delete(message_id)
        case {"revise": True}:
            return Revise()
        case {"recall": bool(by_note)}:
            return Recall(_load_say(data["say"]) if "say" in data else None, by_note)
        case {"announcement": int(announcement_id)}:
            return Announcement(announcement_id, data.get("version"), data.get("topic"))
        case {"material": [int(material_id), int(version)]}:
            return Material(material_id, version)
        case {"progress": int(announcement_id)}:
            return Progress(announcement_id)
        case {"board": [str(kind), str(item)]}:
            return Board(kind, item)
        case {"ask_live": int(number)}:
            return AskLive(number)
        case {"file": [int(file_id), str(name)], "say": dict(say)}:
            return File(file_id, name, _load_say(say))
        case {"picture": dict(chart), "say": dict(say)}:
            return Picture(_load_chart(chart), _load_say(say))
        case {"session_card": [str(programme), str(session)]}:
            lead = _load_say(data["say"]) if "say" in data else None
            return SessionCard(
                programme, session, lead, data.get("stuck", False), data.get("materials", False)
            )
        case {"say": dict(say)}:
            return _load_say(say)
        case {"scheduled": [str(programme), str(entry)]}:
            return Scheduled(programme, entry)
        case {"ask": [str(quiz), int(attempt), str(question)]}:
            return Ask(quiz, attempt, question)
        case {"invite": [str(programme), str(session)]}:
            return Invite(programme, session)
    raise ValueError(f"not a message: {data!r}")


def dump_table(table: Table) -> dict[str, Any]:
    """`table` as what JSON can hold; `load_table` gives an equal one back."""
    return {
        "title": _dump_say(table.title),
        "columns": [_dump_say(column) for column in table.columns],
        "rows": [[None if cell is None else _dump_value(cell) for cell in row] for row in table.rows],
        "notes": [_dump_say(line) for line in table.notes],
    }


def load_table(data: dict[str, Any]) -> Table:
    """The table that `dump_table` wrote."""
    return Table(
        _load_say(data["title"]),
        tuple(_load_say(column) for column in data["columns"]),
        tuple(tuple(_load_cell(cell) for cell in row) for row in data["rows"]),
        tuple(_load_say(line) for line in data["notes"]),
    )


def _load_cell(data: Any) -> Cell:
    value = None if data is None else _load_value(data)
    if value is None or isinstance(value, str | int | date | Say):
        return value
    raise ValueError(f"not a cell: {data!r}")


def _dump_chart(chart: Chart) -> dict[str, Any]:
    return {
        "title": _dump_say(chart.title),
        "bars": [[bar.label, bar.done, bar.total] for bar in chart.bars],
        "legend": [_dump_say(each) for each in chart.legend],
        "source": _dump_say(chart.source),
    }


def _load_chart(data: dict[str, Any]) -> Chart:
    done, lacking = data["legend"]
    return Chart(
        _load_say(data["title"]),
        tuple(Bar(*bar) for bar in data["bars"]),
        (_load_say(done), _load_say(lacking)),
        _load_say(data["source"]),
    )


def _dump_say(say: Say) -> dict[str, Any]:
    data: dict[str, Any] = {"key": say.key}
    if say.params:
        data["params"] = {name: _dump_value(value) for name, value in say.params.items()}
    if say.buttons:
        data["buttons"] = [[_dump_button(button) for button in row] for row in say.buttons]
    return data


def _load_say(data: dict[str, Any]) -> Say:
    return Say(
        data["key"],
        {name: _load_value(value) for name, value in data.get("params", {}).items()},
        tuple(tuple(_load_button(button) for button in row) for row in data.get("buttons", ())),
    )


def _dump_value(value: Value) -> Any:
    match value:
        case Localised(id=in_indonesian, en=in_english):
            return {"id": in_indonesian, "en": in_english}
        case Say():
            return {"say": _dump_say(value)}
        case Written(words, params):
            return {"written": _dump_value(words), "params": {k: _dump_value(v) for k, v in params.items()}}
        case tuple():
            return {"lines": [_dump_say(say) for say in value]}
        case Local(day, at):
            return {"local": [day.isoformat(), at.isoformat()]}
        case datetime():
            return {"at": value.isoformat()}
        case date():
            return {"day": value.isoformat()}
        case str() | int():
            return value


def _load_value(data: Any) -> Value:
    match data:
        case {"id": str(in_indonesian), "en": str(in_english)}:
            return Localised(in_indonesian, in_english)
        case {"say": dict(say)}:
            return _load_say(say)
        case {"written": {"id": str(in_indonesian), "en": str(in_english)}, "params": dict(params)}:
            return Written(
                Localised(in_indonesian, in_english), {k: _load_value(v) for k, v in params.items()}
            )
        case {"lines": list(lines)}:
            return tuple(_load_say(say) for say in lines)
        case {"local": [str(day), str(at)]}:
            return Local(date.fromisoformat(day), time.fromisoformat(at))
        case {"at": str(at)}:
            return datetime.fromisoformat(at)
        case {"day": str(day)}:
            return date.fromisoformat(day)
        case str() | int():
            return data
    raise ValueError(f"not a value: {data!r}")


def _dump_button(button: Button) -> dict[str, Any]:
    does = {"tap": button.does.encode()} if isinstance(button.does, Tap) else {"url": button.does.url}
    return {"label": _dump_value(button.label), **does}


def _load_button(data: dict[str, Any]) -> Button:
    label = _load_value(data["label"])
    if not isinstance(label, Say | Localised | str):
        raise ValueError(f"not a label: {label!r}")
    return Button(label, Tap.decode(data["tap"]) if "tap" in data else Link(data["url"]))
