"""A Bot API server on a real socket that answers what a test tells it to."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN = "7000000001:AAH-secret_secret_secret_secret_secr"
ME = {"id": 7000000001, "is_bot": True, "first_name": "Rekan", "username": "rekan_bot"}

Script = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Scripted:
    """What was asked of the server, and what it is to answer: scripts in order, then `usual`."""

    scripts: deque[Script] = field(default_factory=deque)
    usual: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    def answer(self, status: int, body: Any, *, text: str | None = None) -> None:
        async def script(_request: web.Request) -> web.Response:
            if text is not None:
                return web.Response(status=status, text=text, content_type="text/html")
            return web.json_response(body, status=status)

        self.scripts.append(script)

    def refuse(self, code: int, description: str, **parameters: int) -> None:
        envelope: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
        if parameters:
            envelope["parameters"] = parameters
        self.answer(code, envelope)

    def give(self, result: Any) -> None:
        self.answer(200, {"ok": True, "result": result})

    def hang(self) -> None:
        async def script(_request: web.Request) -> web.StreamResponse:
            await asyncio.sleep(30)
            raise AssertionError("nobody waits that long")

        self.scripts.append(script)

    def drop(self) -> None:
        async def script(request: web.Request) -> web.StreamResponse:
            assert request.transport is not None
            request.transport.close()
            return web.Response()

        self.scripts.append(script)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        assert request.match_info["token"] == TOKEN
        if request.content_type == "application/json":
            fields = await request.json()
        else:
            fields = {
                name: (value.filename, value.content_type, value.file.read())
                if hasattr(value, "file")
                else value
                for name, value in (await request.post()).items()
            }
        self.asked.append((method, fields))
        self.reached.set()
        if self.scripts and method not in self.usual:
            return await self.scripts.popleft()(request)
        return web.json_response({"ok": True, "result": self.usual.get(method, True)})
