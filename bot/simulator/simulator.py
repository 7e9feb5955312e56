"""The simulator as a whole: start it, act as people, listen, break things, count."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from bot.clock import Clock
from bot.simulator import page
from bot.simulator.chats import DEFAULT_TOKEN, Bot, BotAccount, ChatKind, User
from bot.simulator.control import ControlSurface
from bot.simulator.errors import ActionRefusedError
from bot.simulator.faults import Faults
from bot.simulator.limits import Limits
from bot.simulator.people import Group, Person
from bot.simulator.records import CallRecord
from bot.simulator.seen import Delivery, delivery
from bot.simulator.server import MOST_BODY, ApiServer
from bot.simulator.webhook import WebhookSender
from bot.simulator.world import Event, World

KEPT_CALLS = 100_000


class Simulator:
    """A Telegram Bot API server on a real socket, and everybody who talks to its bots.

    `clock` tells all product time; `bots` maps tokens to accounts (by default one bot with
    `DEFAULT_TOKEN`); `seed` settles ids and dice; `keep_calls` bounds `calls`, 0 keeps none;
    `keep_messages` bounds each chat for long rehearsals (2 kB a message): older ones are forgotten, and
    cannot be edited, tapped or deleted any more.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        limits: Limits = Limits(),  # noqa: B008  # frozen
        bots: Mapping[str, BotAccount] | None = None,
        seed: int = 0,
        keep_calls: int = KEPT_CALLS,
        keep_messages: int | None = None,
    ) -> None:
        self.clock = clock
        self.faults = Faults(seed)
        self.calls: deque[CallRecord] = deque(maxlen=keep_calls)
        self.world = World(
            clock, limits, bots or {DEFAULT_TOKEN: BotAccount()}, seed=seed, keep_messages=keep_messages
        )
        self.token = next(iter(self.world.bots))
        self._told: tuple[Event, Delivery] | None = None
        self.by_hand: set[int] = set()  # people for whom somebody has acted over HTTP, on the page say
        self.api = ApiServer(self.world, self.faults, self.calls)
        self._control = ControlSurface(self)
        self._runner: web.AppRunner | None = None
        self._senders: dict[int, WebhookSender] = {}
        self._ended: set[asyncio.Task[None]] = set()
        self.world.webhook_changed = self._change_webhook
        self._address = ""

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one."""
        app = web.Application(client_max_size=MOST_BODY)
        self.api.add_routes(app)
        self._control.add_routes(app)
        page.add_routes(app)
        # A caller that hangs up must not linger as a poller: its request is cancelled.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound = self._runner.addresses[0]
        self._address = f"http://{bound[0]}:{bound[1]}"

    async def stop(self) -> None:
        """Stop listening and let go of time."""
        self.world.close()
        self._control.close()
        for sender in self._senders.values():
            await sender.stop()
        await asyncio.gather(*self._ended)
        self._senders.clear()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> "Simulator":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def address(self) -> str:
        """Where it listens, as `http://host:port`."""
        return self._address

    @property
    def base_url(self) -> str:
        """What python-telegram-bot calls `base_url`."""
        return f"{self._address}/bot"

    @property
    def base_file_url(self) -> str:
        """What python-telegram-bot calls `base_file_url`."""
        return f"{self._address}/file/bot"

    @property
    def calls_recorded(self) -> int:
        """How many calls were ever recorded; `calls` holds the last of them."""
        return self.api.recorded

    def person(
        self,
        user_id: int,
        *,
        first_name: str | None = None,
        last_name: str | None = None,
        username: str | None = None,
        language_code: str | None = None,
        token: str | None = None,
    ) -> Person:
        """A person, created or changed as said, facing the bot with that token (the first by default)."""
        user = self.world.people.get(user_id)
        if user is None:
            user = User(user_id, first_name or f"Orang {user_id}", language_code=language_code or "id")
            self.world.people[user_id] = user
        user.first_name = first_name or user.first_name
        user.last_name = last_name or user.last_name
        user.username = username or user.username
        user.language_code = language_code or user.language_code
        return Person(self.world, self.world.bots[token or self.token], user)

    def people(self) -> list[Person]:
        """Everybody, in the order of their coming."""
        return [self.person(user_id) for user_id in self.world.people]

    def create_chat(
        self,
        title: str,
        owner: Person,
        *,
        kind: ChatKind = "group",
        chat_id: int | None = None,
        username: str | None = None,
    ) -> Group:
        """A group, supergroup or channel with one member, its owner; the bot is not in it yet."""
        if kind == "private":
            raise ActionRefusedError("a private chat begins when a person writes to the bot")
        state = self.world.new_group(kind, title, chat_id, username)
        state.members[owner.id] = "creator"
        return Group(self.world, self.world.bots[self.token], state)

    def group(self, chat_id: int) -> Group:
        """A group that exists; KeyError where there is none."""
        return Group(self.world, self.world.bots[self.token], self.world.groups[chat_id])

    def subscribe(
        self, listener: Callable[[Delivery], None], *, everything: bool = False
    ) -> Callable[[], None]:
        """Hear of what the bots do to chats (`everything`: what people do, too) until the result is called.

        The listener is called synchronously, in the order of events, and must not raise.
        """

        def heard(event: Event) -> None:
            if event.by_bot or everything:
                listener(self._seen(event))

        self.world.listeners.append(heard)

        def unsubscribe() -> None:
            if heard in self.world.listeners:
                self.world.listeners.remove(heard)

        return unsubscribe

    def _seen(self, event: Event) -> Delivery:
        """What listeners hear of an event; they hear one after another, and it is made for the first."""
        if self._told is None or self._told[0] is not event:
            self._told = event, delivery(event, self.clock.now())
        return self._told[1]

    def _change_webhook(self, bot: Bot) -> None:
        """Send a bot's updates where it now wants them."""
        old = self._senders.pop(bot.id, None)
        if old is not None:
            old.detach()
            task = asyncio.get_running_loop().create_task(old.stop())
            self._ended.add(task)
            task.add_done_callback(self._ended.discard)
        if bot.webhook is not None:
            sender = self._senders[bot.id] = WebhookSender(self.world, bot, bot.webhook, self.api.perform)
            sender.start()

    def pending_updates(self, token: str | None = None) -> int:
        """How many updates a bot has not confirmed yet."""
        return len(self.world.bots[token or self.token].updates)

    async def idle(self, seconds: float = 10.0) -> None:
        """Wait until no update is unconfirmed and no call under way; TimeoutError after real `seconds`."""
        async with asyncio.timeout(seconds):
            while any(map(_unsettled, self.world.bots.values())):  # noqa: ASYNC110  # no one event says so
                await asyncio.sleep(0.002)

    def state(self) -> dict[str, Any]:
        """Counters: messages sent in all and by chat, calls and errors by kind, updates waiting."""
        return {
            "now": self.clock.now().isoformat(),
            "people": len(self.world.people),
            "messages_sent": self.world.counters["messages_sent"],
            "sends_by_chat": {str(chat): count for chat, count in self.world.sends.items()},
            "refused_429": self.world.counters["errors_429"],
            "pending_updates": {str(bot.id): len(bot.updates) for bot in self.world.bots.values()},
            "confirmed_updates": {str(bot.id): bot.updates.confirmed for bot in self.world.bots.values()},
            "expired_updates": {str(bot.id): bot.updates.expired for bot in self.world.bots.values()},
            "calls": _named(self.world.counters, "calls_"),
            "errors": _named(self.world.counters, "errors_"),
            "faults": _named(self.world.counters, "faults_"),
        }


def _unsettled(bot: Bot) -> bool:
    return bool(len(bot.updates) or bot.updates.calls_in_flight)


def _named(counters: Mapping[str, int], prefix: str) -> dict[str, int]:
    return {name.removeprefix(prefix): count for name, count in counters.items() if name.startswith(prefix)}
