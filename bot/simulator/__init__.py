"""A strict Telegram Bot API server for tests, rehearsals, the demo and anybody without a token."""

from bot.simulator.chats import DEFAULT_TOKEN, BotAccount
from bot.simulator.errors import ActionRefusedError
from bot.simulator.faults import (
    DropAfter,
    DropBefore,
    Faults,
    Retry429,
    ServerError,
    TimeoutAfter,
    TimeoutBefore,
)
from bot.simulator.limits import Limits
from bot.simulator.people import Group, Person
from bot.simulator.records import CallRecord
from bot.simulator.seen import Delivery, SeenButton, SeenFile, SeenMessage, SeenOption, SeenPoll
from bot.simulator.simulator import Simulator

__all__ = [
    "DEFAULT_TOKEN",
    "ActionRefusedError",
    "BotAccount",
    "CallRecord",
    "Delivery",
    "DropAfter",
    "DropBefore",
    "Faults",
    "Group",
    "Limits",
    "Person",
    "Retry429",
    "SeenButton",
    "SeenFile",
    "SeenMessage",
    "SeenOption",
    "SeenPoll",
    "ServerError",
    "Simulator",
    "TimeoutAfter",
    "TimeoutBefore",
]
