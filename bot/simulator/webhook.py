"""Sending a bot its updates: in order within a chat, many chats at once, again until it says 200."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import aiohttp
import orjson

from bot.simulator.chats import Bot, Webhook
from bot.simulator.params import Params, integer
from bot.simulator.updates import QueuedUpdate
from bot.simulator.world import World

FIRST_DELAY_SECONDS = 2
LONGEST_DELAY_SECONDS = 60
TIMEOUT_SECONDS = 60  # real
_NOT_IN_ANSWERS = ("get", "setwebhook", "deletewebhook", "close", "logout")

Perform = Callable[[Bot, str, Params], Any]


class WebhookSender:
    """Sends one bot's updates to one webhook until stopped."""

    def __init__(self, world: World, bot: Bot, webhook: Webhook, perform: Perform) -> None:
        self._world, self._bot, self._webhook, self._perform = world, bot, webhook, perform
        self._lanes: dict[str, deque[QueuedUpdate]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._free = asyncio.Semaphore(webhook.max_connections)
        self._session: aiohttp.ClientSession | None = None

    def start(self) -> None:
        """Take up everything that waits, and what comes."""
        connector = aiohttp.TCPConnector(limit=self._webhook.max_connections)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        self._bot.updates.webhook_answers = True
        self._bot.updates.on_put = self._take
        self._bot.updates.hold_all()
        for update in self._bot.updates.waiting():
            self._take(update)

    def detach(self) -> None:
        """Send nothing more; the queue is free for another way out."""
        if self._bot.updates.on_put == self._take:
            self._bot.updates.on_put = None
            self._bot.updates.webhook_answers = False
        for worker in self._workers:
            worker.cancel()

    async def stop(self) -> None:
        """Send nothing more, and close the connections."""
        self.detach()
        await asyncio.gather(*self._workers, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _take(self, update: QueuedUpdate) -> None:
        lane = self._lanes.get(update.lane)
        if lane is None:
            self._lanes[update.lane] = deque([update])
            worker = asyncio.get_running_loop().create_task(self._work(update.lane))
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        else:
            lane.append(update)

    async def _work(self, name: str) -> None:
        """Send the updates of one lane, each until it is accepted or its time is up."""
        lane, queue, failures = self._lanes[name], self._bot.updates, 0
        while lane:
            update = lane[0]
            if not queue.still_waits(update):
                lane.popleft()
                failures = 0
                continue
            async with self._free:
                problem, retry_after = await self._send(update)
            if problem is None:
                queue.confirm([update.update_id])
                if not queue.webhook_answers:
                    queue.webhook_answers = True
                    queue.hold_all()
                continue
            self._webhook.last_error_date = self._world.now()
            self._webhook.last_error_message = problem
            # Nobody takes updates now: time must pass, or the next attempt would never come.
            queue.webhook_answers = False
            queue.let_go()
            doubled = FIRST_DELAY_SECONDS * 2 ** (failures - 1) if failures else 0
            await self._world.clock.sleep(retry_after or min(LONGEST_DELAY_SECONDS, doubled))
            failures += 1
        del self._lanes[name]

    async def _send(self, update: QueuedUpdate) -> tuple[str | None, int]:
        """Send once; what went wrong, if anything, and the seconds a `Retry-After` asked for."""
        headers = {"Content-Type": "application/json"}
        if self._webhook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self._webhook.secret
        if self._session is None:
            return "Webhook is closed", 0
        self._bot.updates.hand_over([update])
        try:
            async with self._session.post(self._webhook.url, data=update.body, headers=headers) as response:
                body = await response.read()
        except TimeoutError:
            return "Read timeout expired", 0
        except aiohttp.ClientConnectorError:
            return "Connection refused", 0
        except aiohttp.ClientError:
            return "Webhook connection closed", 0
        if not 200 <= response.status <= 299:
            reason = f"Wrong response from the webhook: {response.status} {response.reason}"
            return reason, integer(response.headers.get("Retry-After", "0"))
        self._answer(body, response.content_type)
        return None, 0

    def _answer(self, body: bytes, content_type: str) -> None:
        """Perform the method that a webhook may give as its answer; its result is told to nobody."""
        if content_type != "application/json" or not body:
            return
        try:
            given = orjson.loads(body)
        except orjson.JSONDecodeError:
            return
        method = given.pop("method", None) if isinstance(given, dict) else None
        if isinstance(method, str) and not method.lower().startswith(_NOT_IN_ANSWERS):
            with self._world.clock.busy():
                self._perform(self._bot, method, Params(given))
