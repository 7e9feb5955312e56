"""A plain python-telegram-bot broadcast: 64 workers, each sends and commits the outcome before its next.

broadcast_bot.py BASE_URL TOKEN DATABASE
"""

import asyncio
import sqlite3
import sys

from telegram import Bot
from telegram.error import Forbidden, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

WORKERS = 64


def record(database: sqlite3.Connection, chat_id: int, state: str, message_id: int | None = None) -> None:
    with database:
        database.execute(
            "UPDATE outbox SET state = ?, message_id = ? WHERE chat_id = ?", (state, message_id, chat_id)
        )


async def work(bot: Bot, database: sqlite3.Connection, queue: "asyncio.Queue[tuple[int, str]]") -> None:
    """Send to whoever is next, until there is nobody."""
    while not queue.empty():
        chat_id, name = queue.get_nowait()
        try:
            message = await bot.send_message(chat_id, f"Bapak/Ibu {name}, mohon dibaca.", parse_mode="HTML")
            record(database, chat_id, "sent", message.message_id)
        except RetryAfter as error:
            await asyncio.sleep(float(str(error.retry_after)))
            queue.put_nowait((chat_id, name))
        except Forbidden:
            record(database, chat_id, "gone")
        except TelegramError:
            record(database, chat_id, "failed")


async def main(base_url: str, token: str, path: str) -> None:
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    queue: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
    for row in database.execute("SELECT chat_id, name FROM outbox WHERE state = 'owed'").fetchall():
        queue.put_nowait(row)
    request = HTTPXRequest(connection_pool_size=WORKERS)
    async with Bot(token, base_url=base_url, request=request) as bot:
        await asyncio.gather(*(work(bot, database, queue) for _ in range(WORKERS)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
