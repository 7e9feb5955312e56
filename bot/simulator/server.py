"""The HTTP edge of the Bot API: requests in, answers out, and the faults in between."""

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import BodyPartReader, web

from bot.simulator.call import Call
from bot.simulator.chats import Bot
from bot.simulator.errors import ApiError, BadRequestError, TooManyRequestsError
from bot.simulator.faults import (
    LOST,
    LOST_BEFORE,
    Faults,
    Kind,
    Refusal,
    Retry429,
    ServerError,
    Struck,
    TimeoutAfter,
    TimeoutBefore,
)
from bot.simulator.methods import GET_UPDATES, METHODS
from bot.simulator.methods.reception import Described, get_updates
from bot.simulator.params import Params, Upload, integer
from bot.simulator.records import CallRecord
from bot.simulator.world import World

MOST_BODY = 60 * 1024 * 1024
_TOKEN = re.compile(r"[1-9]\d*:[A-Za-z0-9_-]+")
_PROXY_ERRORS = {502: "502 Bad Gateway", 504: "504 Gateway Time-out"}
_PROXY_PAGE = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center></body></html>"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller will read."""

    code: int
    body: bytes
    description: str = ""
    retry_after: int | None = None


class ApiServer:
    """Answers `/bot<token>/<method>` and `/file/bot<token>/<path>`."""

    def __init__(self, world: World, faults: Faults, records: deque[CallRecord]) -> None:
        self._world, self._faults, self._records = world, faults, records
        self.recorded = 0

    def add_routes(self, app: web.Application) -> None:
        """Serve the API from an application."""
        app.router.add_route("*", "/bot{token:[^/]+}/{method:[^/]*}", self._handle_method)
        app.router.add_get("/file/bot{token:[^/]+}/{path:.+}", self._handle_file)

    def perform(self, bot: Bot, method: str, params: Params) -> Answer:
        """Do what a method says, or refuse; every method but getUpdates."""
        try:
            handler = METHODS.get(method.lower())
            if handler is None:
                raise ApiError(404, "Not Found: method not found")
            if bot.logged_out:
                raise ApiError(400, "Logged out")
            return _good(handler(Call(self._world, bot, method.lower(), params)))
        except ApiError as refusal:
            return _refusal(refusal)

    async def _handle_method(self, request: web.Request) -> web.StreamResponse:
        token, method = request.match_info["token"], request.match_info["method"]
        bot = self._world.bots.get(token)
        if bot is None:
            complete = _TOKEN.fullmatch(token) is not None
            description = "Unauthorized" if complete else "Unauthorized: invalid token specified"
            return _response(_refusal(ApiError(401, description)))
        polling = method.lower() == GET_UPDATES
        with self._under_way(bot):
            try:
                params = await read_params(request)
            except ApiError as refusal:
                return _response(_refusal(refusal))
            chat_id = integer(params.values["chat_id"]) if params.has("chat_id") else None
            fault = self._faults.strike(method.lower(), chat_id)
            answer = self._answer_of_fault(bot, fault)
            lost_before = fault is not None and isinstance(fault.kind, LOST_BEFORE)
            if answer is None and not lost_before and not polling:
                answer = self.perform(bot, method, params)
        if answer is None and not lost_before:
            answer = await self._poll(bot, params)
        self._record(bot, method, params, chat_id, answer, fault)
        if fault is not None and isinstance(fault.kind, LOST):
            return await _lost(request, fault.kind)
        return _response(answer)

    @contextlib.contextmanager
    def _under_way(self, bot: Bot) -> Iterator[None]:
        """A call is being handled: simulated time stands still, and the bot is known to be there."""
        bot.updates.calls_seen += 1
        bot.updates.calls_in_flight += 1
        try:
            with self._world.clock.busy():
                yield
        finally:
            bot.updates.calls_in_flight -= 1

    async def _poll(self, bot: Bot, params: Params) -> Answer:
        try:
            if bot.logged_out:
                raise ApiError(400, "Logged out")
            updates = await get_updates(Call(self._world, bot, GET_UPDATES, params))
        except ApiError as refusal:
            return _refusal(refusal)
        return Answer(200, b'{"ok":true,"result":[' + b",".join(update.body for update in updates) + b"]}")

    def _answer_of_fault(self, bot: Bot, fault: Struck | None) -> Answer | None:
        """The answer of a fault that answers by itself."""
        match fault:
            case Struck(Retry429(seconds), chat_id):
                bot.governor.punish(chat_id, self._world.clock.monotonic(), seconds)
                return _refusal(TooManyRequestsError(seconds))
            case Struck(Refusal(code, description, new_chat_id)):
                moved = None if new_chat_id is None else {"migrate_to_chat_id": new_chat_id}
                return _refusal(ApiError(code, description, moved))
            case Struck(ServerError(code)) if code in _PROXY_ERRORS:
                name = _PROXY_ERRORS[code]
                return Answer(code, _PROXY_PAGE.format(name).encode(), name)
            case Struck(ServerError(code)):
                return _refusal(ApiError(code, "Internal Server Error"))
        return None

    def _record(
        self,
        bot: Bot,
        method: str,
        params: Params,
        chat_id: int | None,
        answer: Answer | None,
        fault: Struck | None,
    ) -> None:
        counters = self._world.counters
        counters[f"calls_{method.lower()}"] += 1
        if answer is not None and answer.code != 200:
            counters[f"errors_{answer.code}"] += 1
        if fault is not None:
            counters[f"faults_{type(fault.kind).__name__}"] += 1
        if self._records.maxlen == 0:
            return
        record = CallRecord(
            bot_id=bot.id,
            method=method,
            params={**params.values, **{name: f"<{upload.name}>" for name, upload in params.uploads.items()}},
            at=self._world.clock.now(),
            error_code=None if answer is None or answer.code == 200 else answer.code,
            description=answer.description if answer is not None else "",
            chat_id=chat_id,
            fault=type(fault.kind).__name__ if fault is not None else None,
        )
        self._records.append(record)
        self.recorded += 1

    async def _handle_file(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] not in self._world.bots:
            return _response(_refusal(ApiError(401, "Unauthorized")))
        stored = self._world.files.at(request.match_info["path"])
        if stored is None:
            return _response(_refusal(ApiError(404, "Not Found")))
        return web.Response(body=stored.data, content_type="application/octet-stream")


async def read_params(request: web.Request) -> Params:
    """The parameters of a request: query string, then body as JSON, form or multipart."""
    values: dict[str, Any] = dict(request.query) if request.query_string else {}
    if not request.can_read_body:
        return Params(values)
    content_type = request.content_type
    if content_type == "multipart/form-data":
        return await _read_multipart(request, values)
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise ApiError(413, "Request Entity Too Large") from None
    if content_type == "application/json":
        if body.strip():
            try:
                given = orjson.loads(body)
            except orjson.JSONDecodeError:
                raise BadRequestError("Can't parse request JSON object") from None
            if not isinstance(given, dict):
                raise BadRequestError("Expected a JSON object as the request's body")
            values |= given
    elif content_type == "application/x-www-form-urlencoded":
        try:
            values |= parse_qsl(body.decode(), keep_blank_values=True)
        except UnicodeDecodeError:
            raise BadRequestError("Strings must be encoded in UTF-8") from None
    return Params(values)


async def _read_multipart(request: web.Request, values: dict[str, Any]) -> Params:
    uploads: dict[str, Upload] = {}
    total = 0
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise BadRequestError("nested multipart bodies are not accepted")
            data = await part.read(decode=True)
            total += len(data)
            if total > MOST_BODY:
                raise ApiError(413, "Request Entity Too Large")
            if part.name is None:
                continue
            if part.filename is None:
                values[part.name] = data.decode()
            else:
                uploads[part.name] = Upload(part.filename, bytes(data))
    except (ValueError, AssertionError):  # aiohttp's words for a broken body
        raise BadRequestError("Can't parse the multipart body") from None
    return Params(values, uploads)


async def _lost(request: web.Request, kind: Kind) -> web.StreamResponse:
    """Leave the caller without an answer: at once, or when its patience or the fault's time is over."""
    if isinstance(kind, (TimeoutBefore, TimeoutAfter)):
        await asyncio.sleep(kind.seconds)
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _good(result: Any) -> Answer:
    if isinstance(result, Described):
        return Answer(
            200, orjson.dumps({"ok": True, "result": result.result, "description": result.description})
        )
    return Answer(200, orjson.dumps({"ok": True, "result": result}))


def _refusal(refusal: ApiError) -> Answer:
    envelope: dict[str, Any] = {"ok": False, "error_code": refusal.code, "description": refusal.description}
    if refusal.parameters:
        envelope["parameters"] = refusal.parameters
    body = orjson.dumps(envelope)
    return Answer(refusal.code, body, refusal.description, refusal.parameters.get("retry_after"))


def _response(answer: Answer | None) -> web.Response:
    if answer is None:  # only a lost call has none
        return web.Response(status=500)
    content_type = "text/html" if answer.body.startswith(b"<") else "application/json"
    response = web.Response(status=answer.code, body=answer.body, content_type=content_type)
    if answer.retry_after is not None:
        response.headers["Retry-After"] = str(answer.retry_after)
    return response
