"""The control surface: act as anybody, read any chat, break and count things, over HTTP and JSON.

Bodies of POST requests are JSON objects (`Content-Type: application/json`, which keeps other sites' forms
out). Answers are JSON. 400: the request makes no sense, 404: there is no such person, chat or file, 409:
Telegram's apps would not let that person do it; each with `{"error": "why"}`.

| request | does |
|---|---|
| `GET  /control/state` | counters: messages sent by chat, 429s, calls, errors, updates waiting |
| `GET  /control/calls?after=0&method=` | recorded calls: `{"next": n, "calls": [...]}` |
| `GET  /control/people` | everybody |
| `POST /control/people` `{user_id, first_name?, last_name?, username?, language_code?}` | create or change |
| `GET  /control/people/ID/chat?after=0` | `{"person", "messages", "reply_keyboard", "blocked", "chat"}` |
| `GET  /control/people/ID/events` | Server-Sent Events: each change of that chat as it happens |
| `POST /control/people/ID/send` `{text, chat_id?, reply_to?, parse_mode?}` | type; returns the message |
| `POST /control/people/ID/open` `{link}` | follow a link to the bot and press Start |
| `POST …/photo`, `…/document` `{data, name?, caption?, media_group_id?, chat_id?}` | `data` is base64 |
| `POST …/voice` `{data}` · `…/location` `{latitude, longitude}` · `…/contact` `{phone_number}` | |
| `POST …/poll` `{question, options, correct?, explanation?, multiple?, anonymous?}` | compose one |
| `POST …/edit` `{message_id, text}` · `…/delete` `{message_id}` | own messages |
| `POST …/tap` `{message_id, button or data}` | returns `{"callback_query_id"}` |
| `POST …/vote` `{message_id, options, force?}` · `…/retract` `{message_id, force?}` | polls |
| `POST …/block` · `…/unblock` · `…/deactivate` | |
| `GET  /control/chats` · `POST` `{title, owner, kind?, chat_id?, username?}` | groups and channels |
| `GET  /control/chats/ID` | its messages |
| `POST /control/chats/ID/add_bot` `{by, admin?}` · `…/remove_bot` `{by}` | |
| `POST /control/chats/ID/add` `{user_id}` · `…/remove` `{user_id}` | people come and go |
| `POST /control/chats/ID/upgrade` | group to supergroup; returns the new id |
| `GET  /control/faults` · `DELETE /control/faults` | standing orders · forget them |
| `POST /control/faults` `{kind, method?, chat_id?, times?, probability?, …}` | see faults.py |
| `GET  /control/files/KEY` | a file seen in a chat |
| `GET  /control/clock` · `POST` `{paused?, speed?}` | of a simulated clock; `speed` 0 or null is "at once" |
"""

import asyncio
import base64
import binascii
import dataclasses
from collections.abc import Awaitable, Callable
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
from aiohttp import web

from bot.clock import SimulatedClock
from bot.simulator.chats import ChatKind
from bot.simulator.errors import ActionRefusedError, ApiError
from bot.simulator.faults import KINDS, Rule
from bot.simulator.people import Group, Person
from bot.simulator.seen import Delivery, SeenMessage

if TYPE_CHECKING:
    from bot.simulator.simulator import Simulator

_CHANGES_KEPT = 1000  # for a reader of events that is slow; past that it must read the chat anew
_HEARTBEAT_SECONDS = 15.0
_SHOWN_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})  # the rest is downloaded

_GROUP_KINDS: dict[str, ChatKind] = {"group": "group", "supergroup": "supergroup", "channel": "channel"}

Body = dict[str, Any]
Action = Callable[[Person, Body], Awaitable[Any]]


class BadInputError(Exception):
    """A request to the control surface that makes no sense."""


class MissingError(Exception):
    """No such person, chat or file."""


class ControlSurface:
    """Answers everything below `/control/`."""

    def __init__(self, simulator: "Simulator") -> None:
        self._simulator = simulator
        self._streams: set[asyncio.Queue[Delivery | None]] = set()
        self._actions: dict[str, Action] = {
            "send": self._send,
            "open": self._open,
            "photo": self._photo,
            "document": self._document,
            "voice": self._voice,
            "location": self._location,
            "contact": self._contact,
            "poll": self._poll,
            "edit": self._edit,
            "delete": self._delete,
            "tap": self._tap,
            "vote": self._vote,
            "retract": self._retract,
            "block": self._block,
            "unblock": self._unblock,
            "deactivate": self._deactivate,
        }

    def add_routes(self, app: web.Application) -> None:
        """Serve the control surface from an application."""
        router = app.router
        router.add_get("/control/state", _answering(self._state))
        router.add_get("/control/calls", _answering(self._calls))
        router.add_get("/control/people", _answering(self._people))
        router.add_post("/control/people", _answering(self._add_person))
        router.add_get("/control/people/{id:-?\\d+}/chat", _answering(self._chat))
        router.add_get("/control/people/{id:-?\\d+}/events", self._events)
        router.add_post("/control/people/{id:-?\\d+}/{action}", _answering(self._act))
        router.add_get("/control/chats", _answering(self._groups))
        router.add_post("/control/chats", _answering(self._add_group))
        router.add_get("/control/chats/{id:-?\\d+}", _answering(self._group_messages))
        router.add_post("/control/chats/{id:-?\\d+}/{action}", _answering(self._act_on_group))
        router.add_get("/control/faults", _answering(self._list_faults))
        router.add_post("/control/faults", _answering(self._add_fault))
        router.add_delete("/control/faults", _answering(self._clear_faults))
        router.add_get("/control/files/{key}", self._file)
        router.add_get("/control/clock", _answering(self._clock))
        router.add_post("/control/clock", _answering(self._set_clock))

    def close(self) -> None:
        """End the streams of events."""
        for stream in self._streams:
            stream.put_nowait(None)

    async def _state(self, _: web.Request) -> Any:
        return self._simulator.state()

    async def _calls(self, request: web.Request) -> Any:
        after = _query_integer(request, "after")
        method = request.query.get("method", "").lower()
        recorded = self._simulator.calls_recorded
        dropped = recorded - len(self._simulator.calls)
        calls = islice(self._simulator.calls, max(0, after - dropped), None)
        chosen = [call for call in calls if not method or call.method.lower() == method]
        return {"next": recorded, "calls": [dataclasses.asdict(call) | {"ok": call.ok} for call in chosen]}

    async def _people(self, _: web.Request) -> Any:
        return [_person_json(person) for person in self._simulator.people()]

    async def _add_person(self, request: web.Request) -> Any:
        body = await _body(request)
        texts = {
            name: _optional(body, name) for name in ("first_name", "last_name", "username", "language_code")
        }
        return _person_json(self._simulator.person(_integer(body, "user_id"), **texts))

    async def _chat(self, request: web.Request) -> Any:
        person = self._person(request)
        after = _query_integer(request, "after")
        messages = [message_json(message) for message in person.chat if message.message_id > after]
        return {
            "person": _person_json(person),
            "messages": messages,
            "reply_keyboard": person.reply_keyboard,
            "blocked": person.has_blocked,
            "bot": self._simulator.world.bots[self._simulator.token].user.first_name,
            "now": self._simulator.clock.now(),
        }

    async def _act(self, request: web.Request) -> Any:
        person, body = self._person(request), await _body(request)
        action = self._actions.get(request.match_info["action"])
        if action is None:
            raise MissingError(f"there is no action {request.match_info['action']!r}")
        self._simulator.by_hand.add(person.id)
        return await action(person, body)

    async def _send(self, person: Person, body: Body) -> Any:
        sent = await person.send(
            _text(body, "text"),
            chat=self._where(body),
            reply_to=_integer(body, "reply_to") if body.get("reply_to") else None,
            parse_mode=_optional(body, "parse_mode") or "",
        )
        return message_json(sent)

    async def _open(self, person: Person, body: Body) -> Any:
        return message_json(await person.open(_text(body, "link")))

    async def _photo(self, person: Person, body: Body) -> Any:
        sent = await person.send_photo(
            _data(body),
            caption=_optional(body, "caption") or "",
            media_group_id=_optional(body, "media_group_id"),
            name=_optional(body, "name") or "photo.jpg",
            chat=self._where(body),
        )
        return message_json(sent)

    async def _document(self, person: Person, body: Body) -> Any:
        sent = await person.send_document(
            _data(body),
            _optional(body, "name") or "document.pdf",
            caption=_optional(body, "caption") or "",
            media_group_id=_optional(body, "media_group_id"),
            chat=self._where(body),
        )
        return message_json(sent)

    async def _voice(self, person: Person, body: Body) -> Any:
        return message_json(await person.send_voice(_data(body), chat=self._where(body)))

    async def _location(self, person: Person, body: Body) -> Any:
        try:
            latitude, longitude = float(body["latitude"]), float(body["longitude"])
        except (KeyError, TypeError, ValueError):
            raise BadInputError("latitude and longitude are numbers") from None
        return message_json(await person.send_location(latitude, longitude, chat=self._where(body)))

    async def _contact(self, person: Person, body: Body) -> Any:
        return message_json(await person.send_contact(_text(body, "phone_number"), chat=self._where(body)))

    async def _poll(self, person: Person, body: Body) -> Any:
        options = body.get("options")
        if not isinstance(options, list) or not all(isinstance(option, str) for option in options):
            raise BadInputError("options is a list of texts")
        sent = await person.send_poll(
            _text(body, "question"),
            options,
            correct=_integers(body, "correct") if body.get("correct") else (),
            explanation=_optional(body, "explanation") or "",
            multiple=bool(body.get("multiple")),
            anonymous=bool(body.get("anonymous", True)),
            chat=self._where(body),
        )
        return message_json(sent)

    async def _edit(self, person: Person, body: Body) -> Any:
        message_id = _integer(body, "message_id")
        return message_json(await person.edit(message_id, _text(body, "text"), chat=self._where(body)))

    async def _delete(self, person: Person, body: Body) -> Any:
        await person.delete(_integer(body, "message_id"), chat=self._where(body))
        return {}

    async def _tap(self, person: Person, body: Body) -> Any:
        query_id = await person.tap(
            _integer(body, "message_id"),
            _optional(body, "button"),
            data=_optional(body, "data"),
            chat=self._where(body),
        )
        return {"callback_query_id": query_id}

    async def _vote(self, person: Person, body: Body) -> Any:
        message_id, options = _integer(body, "message_id"), _integers(body, "options")
        await person.vote(message_id, options, force=bool(body.get("force")), chat=self._where(body))
        return {}

    async def _retract(self, person: Person, body: Body) -> Any:
        message_id = _integer(body, "message_id")
        await person.retract(message_id, force=bool(body.get("force")), chat=self._where(body))
        return {}

    async def _block(self, person: Person, _: Body) -> Any:
        await person.block()
        return {}

    async def _unblock(self, person: Person, _: Body) -> Any:
        await person.unblock()
        return {}

    async def _deactivate(self, person: Person, _: Body) -> Any:
        await person.deactivate()
        return {}

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Changes of one chat, one `data:` line of JSON each."""
        user_id = int(request.match_info["id"])
        if user_id not in self._simulator.world.people:
            return web.json_response({"error": f"there is no person {user_id}"}, status=404)
        stream: asyncio.Queue[Delivery | None] = asyncio.Queue()
        self._streams.add(stream)

        def heard(delivery: Delivery) -> None:
            if user_id in (delivery.chat_id, delivery.person_id) and stream.qsize() < _CHANGES_KEPT:
                stream.put_nowait(delivery)

        unsubscribe = self._simulator.subscribe(heard, everything=True)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", **SAFE_HEADERS}
        )
        try:
            await response.prepare(request)
            await response.write(b": hello\n\n")
            while True:
                try:
                    async with asyncio.timeout(_HEARTBEAT_SECONDS):
                        change = await stream.get()
                except TimeoutError:
                    await response.write(b": still here\n\n")
                    continue
                if change is None:
                    break
                await response.write(b"data: " + orjson.dumps(_delivery_json(change)) + b"\n\n")
        except ConnectionResetError:
            pass
        finally:
            unsubscribe()
            self._streams.discard(stream)
        return response

    async def _groups(self, _: web.Request) -> Any:
        return [_group_json(self._simulator.group(chat_id)) for chat_id in self._simulator.world.groups]

    async def _add_group(self, request: web.Request) -> Any:
        body = await _body(request)
        owner = self._known(_integer(body, "owner"))
        kind = _GROUP_KINDS.get(body.get("kind") or "group")
        if kind is None:
            raise BadInputError(f"kind is one of {', '.join(_GROUP_KINDS)}")
        group = self._simulator.create_chat(
            _text(body, "title"),
            owner,
            kind=kind,
            chat_id=_integer(body, "chat_id") if body.get("chat_id") else None,
            username=_optional(body, "username"),
        )
        return _group_json(group)

    async def _group_messages(self, request: web.Request) -> Any:
        group = self._group(int(request.match_info["id"]))
        return _group_json(group) | {"messages": [message_json(message) for message in group.chat]}

    async def _act_on_group(self, request: web.Request) -> Any:
        group, body = self._group(int(request.match_info["id"])), await _body(request)
        match request.match_info["action"]:
            case "add_bot":
                await group.add_bot(self._known(_integer(body, "by")), admin=bool(body.get("admin")))
            case "remove_bot":
                await group.remove_bot(self._known(_integer(body, "by")))
            case "add":
                await group.add(self._known(_integer(body, "user_id")))
            case "remove":
                await group.remove(self._known(_integer(body, "user_id")))
            case "upgrade":
                return _group_json(await group.upgrade())
            case other:
                raise MissingError(f"there is no action {other!r}")
        return _group_json(group)

    async def _list_faults(self, _: web.Request) -> Any:
        return [_rule_json(rule) for rule in self._simulator.faults.rules]

    async def _add_fault(self, request: web.Request) -> Any:
        body = await _body(request)
        kind = KINDS.get(str(body.get("kind")))
        if kind is None:
            raise BadInputError(f"kind is one of {', '.join(KINDS)}")
        details: dict[str, Any] = {
            field.name: _text(body, field.name) if field.type is str else _integer(body, field.name)
            for field in dataclasses.fields(kind)
            if field.name in body
        }
        probability = body.get("probability", 1.0)
        if not isinstance(probability, int | float):
            raise BadInputError("probability is a number from 0 to 1")
        rule = self._simulator.faults.add(
            _text(body, "method") if body.get("method") else None,
            _integer(body, "chat_id") if body.get("chat_id") else None,
            None if body.get("times", 1) is None else _integer({"times": 1, **body}, "times"),
            kind(**details),
            probability,
        )
        return _rule_json(rule)

    async def _clear_faults(self, _: web.Request) -> Any:
        self._simulator.faults.clear()
        return {}

    async def _file(self, request: web.Request) -> web.StreamResponse:
        stored = self._simulator.world.files.by_unique_id.get(request.match_info["key"])
        if stored is None:
            return web.json_response({"error": "there is no such file"}, status=404)
        if stored.mime in _SHOWN_TYPES:
            return web.Response(body=stored.data, content_type=stored.mime, headers=SAFE_HEADERS)
        disposition = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(stored.name)}"}
        return web.Response(
            body=stored.data, content_type="application/octet-stream", headers=SAFE_HEADERS | disposition
        )

    async def _clock(self, _: web.Request) -> Any:
        clock = self._simulator.clock
        if not isinstance(clock, SimulatedClock):
            return {"simulated": False, "now": clock.now()}
        return {"simulated": True, "now": clock.now(), "paused": clock.paused, "speed": clock.speed}

    async def _set_clock(self, request: web.Request) -> Any:
        clock, body = self._simulator.clock, await _body(request)
        if not isinstance(clock, SimulatedClock):
            raise ActionRefusedError("this clock is the real one")
        if "speed" in body:
            speed = body["speed"]
            if speed is not None and (not isinstance(speed, int | float) or speed < 0):
                raise BadInputError("speed is simulated seconds a real second, or null")
            clock.speed = float(speed) if speed else None
        if "paused" in body:
            if body["paused"]:
                clock.pause()
            else:
                clock.resume()
        return await self._clock(request)

    def _person(self, request: web.Request) -> Person:
        return self._known(int(request.match_info["id"]))

    def _known(self, user_id: int) -> Person:
        if user_id not in self._simulator.world.people:
            raise MissingError(f"there is no person {user_id}")
        return self._simulator.person(user_id)

    def _group(self, chat_id: int) -> Group:
        if chat_id not in self._simulator.world.groups:
            raise MissingError(f"there is no chat {chat_id}")
        return self._simulator.group(chat_id)

    def _where(self, body: Body) -> Group | None:
        return self._group(_integer(body, "chat_id")) if body.get("chat_id") is not None else None


SAFE_HEADERS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}


def message_json(message: SeenMessage) -> dict[str, Any]:
    """A message for JSON: everything but the bytes of its file."""
    fields = {field.name: getattr(message, field.name) for field in dataclasses.fields(message)}
    if message.file is not None:
        file = message.file
        fields["file"] = {
            "kind": file.kind,
            "name": file.name,
            "mime": file.mime,
            "size": file.size,
            "file_key": file.file_key,
        }
    return fields


def _answering(
    handler: Callable[[web.Request], Awaitable[Any]],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Turn a result or a refusal into a JSON response."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return _json(await handler(request), 200)
        except (BadInputError, ApiError) as problem:
            return _json({"error": str(problem)}, 400)
        except MissingError as problem:
            return _json({"error": str(problem)}, 404)
        except ActionRefusedError as problem:
            return _json({"error": str(problem)}, 409)

    return handle


def _json(value: Any, status: int) -> web.Response:
    body = orjson.dumps(value, default=_for_json)
    return web.Response(status=status, body=body, content_type="application/json", headers=SAFE_HEADERS)


def _for_json(value: Any) -> Any:
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError


async def _body(request: web.Request) -> Body:
    if request.content_type != "application/json":
        raise BadInputError("send a JSON object with Content-Type: application/json")
    try:
        body = orjson.loads(await request.read() or b"{}")
    except orjson.JSONDecodeError as problem:
        raise BadInputError(f"the body is no JSON: {problem}") from None
    if not isinstance(body, dict):
        raise BadInputError("the body must be a JSON object")
    return body


def _integer(body: Body, name: str) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadInputError(f"{name} is a whole number")
    return value


def _integers(body: Body, name: str) -> list[int]:
    value = body.get(name)
    if not isinstance(value, list) or not all(isinstance(item, int) for item in value):
        raise BadInputError(f"{name} is a list of whole numbers")
    return value


def _query_integer(request: web.Request, name: str) -> int:
    value = request.query.get(name, "0")
    if not value.isdecimal():
        raise BadInputError(f"{name} is a whole number")
    return int(value)


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise BadInputError(f"{name} is a text")
    return value


def _optional(body: Body, name: str) -> str | None:
    return _text(body, name) if body.get(name) is not None else None


def _data(body: Body) -> bytes:
    try:
        return base64.b64decode(_text(body, "data"), validate=True)
    except binascii.Error:
        raise BadInputError("data is base64") from None


def _person_json(person: Person) -> dict[str, Any]:
    user = person.user
    return {
        "user_id": user.id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "username": user.username,
        "language_code": user.language_code,
        "deactivated": user.deactivated,
        "messages": person.message_count,
    }


def _group_json(group: Group) -> dict[str, Any]:
    state = group.state
    return {
        "chat_id": group.id,
        "title": state.title,
        "kind": state.kind,
        "members": {str(user_id): status for user_id, status in state.members.items()},
        "upgraded_to": state.upgraded_to,
    }


def _rule_json(rule: Rule) -> dict[str, Any]:
    return {
        "kind": type(rule.kind).__name__,
        **dataclasses.asdict(rule.kind),
        "method": rule.method,
        "chat_id": rule.chat_id,
        "times": rule.times,
        "probability": rule.probability,
        "struck": rule.struck,
    }


def _delivery_json(change: Delivery) -> dict[str, Any]:
    fields: dict[str, Any] = {field.name: getattr(change, field.name) for field in dataclasses.fields(change)}
    at: datetime = change.at
    fields["at"] = at.isoformat()
    fields["message"] = message_json(change.message) if change.message is not None else None
    return fields
