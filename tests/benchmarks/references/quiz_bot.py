"""A plain python-telegram-bot quiz bot: polls out, answers in, one commit an answer.

Written as the library's own examples are: `pollbot.py` (what a poll asked is kept in `bot_data`) behind
`customwebhookbot.py` (Starlette and uvicorn, each update put into the application's queue).

    quiz_bot.py BASE_URL TOKEN DATABASE PORT QUIZ.yaml
"""

import asyncio
import sqlite3
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any

import psycopg
import uvicorn
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Poll, Update
from telegram.ext import Application, ContextTypes, PollAnswerHandler

RECORD = "INSERT INTO answers (chat_id, question, choice, correct) VALUES ({0}, {0}, {0}, {0})"
SCORE = "SELECT count(*) FROM answers WHERE chat_id = {0} AND correct"


class Sqlite:
    """One file; a commit is on the disk when it returns."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")

    async def record(self, *answer: Any) -> None:
        with self.connection:
            self.connection.execute(RECORD.format("?"), answer)

    async def score(self, chat_id: int) -> int:
        return int(self.connection.execute(SCORE.format("?"), (chat_id,)).fetchone()[0])

    async def polls(self) -> list[tuple[str, int]]:
        return self.connection.execute("SELECT poll_id, question FROM polls").fetchall()


class Postgresql:
    """A server; psycopg's asynchronous connection."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def open(self) -> None:
        self.connection = await psycopg.AsyncConnection.connect(self.url)

    async def record(self, *answer: Any) -> None:
        async with self.connection.transaction():
            await self.connection.execute(RECORD.format("%s"), answer)

    async def score(self, chat_id: int) -> int:
        async with self.connection.transaction():
            cursor = await self.connection.execute(SCORE.format("%s"), (chat_id,))
            row = await cursor.fetchone()
        return 0 if row is None else int(row[0])

    async def polls(self) -> list[tuple[str, int]]:
        async with self.connection.transaction():
            cursor = await self.connection.execute("SELECT poll_id, question FROM polls")
            return await cursor.fetchall()


def questions_of(file: Path) -> list[dict[str, Any]]:
    quiz = yaml.safe_load(file.read_text())
    return [
        {
            "text": question["text"]["id"],
            "options": [option["id"] for option in question["options"]],
            "correct": [n - 1 for n in _several(question["correct"])],
            "explanation": question["explanation"]["id"],
        }
        for question in quiz["questions"]
    ]


def _several(value: Any) -> list[int]:
    return value if isinstance(value, list) else [value]


async def answered(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Record an answer, and send the next question or the score."""
    answer = update.poll_answer
    database, questions = context.bot_data["database"], context.bot_data["questions"]
    number = context.bot_data["polls"].get(answer.poll_id)
    if number is None or answer.user is None:
        return
    chat_id, chosen = answer.user.id, list(answer.option_ids)
    await database.record(chat_id, number, chosen[0], chosen == questions[number]["correct"])
    if number + 1 == len(questions):
        right = await database.score(chat_id)
        await context.bot.send_message(
            chat_id, f"Terima kasih. <b>{right} dari {len(questions)}</b> jawaban benar.", parse_mode="HTML"
        )
        return
    question = questions[number + 1]
    message = await context.bot.send_poll(
        chat_id,
        question["text"],
        question["options"],
        type=Poll.QUIZ,
        is_anonymous=False,
        correct_option_ids=question["correct"],
        allows_multiple_answers=len(question["correct"]) > 1,
        explanation=question["explanation"],
    )
    context.bot_data["polls"][message.poll.id] = number + 1


async def main(base_url: str, token: str, database_url: str, port: str, quiz: str) -> None:
    application = Application.builder().token(token).base_url(base_url).updater(None).build()
    application.add_handler(PollAnswerHandler(answered))
    if database_url.startswith("postgresql"):
        database: Any = Postgresql(database_url)
        await database.open()
    else:
        database = Sqlite(database_url)
    application.bot_data["database"] = database
    application.bot_data["questions"] = questions_of(Path(quiz))
    application.bot_data["polls"] = dict(await database.polls())

    async def telegram(request: Request) -> Response:
        await application.update_queue.put(Update.de_json(await request.json(), application.bot))
        return Response()

    async def health(_request: Request) -> Response:
        return Response(status_code=HTTPStatus.OK)

    app = Starlette(routes=[Route("/telegram", telegram, methods=["POST"]), Route("/health", health)])
    server = uvicorn.Server(
        uvicorn.Config(app, port=int(port), host="127.0.0.1", use_colors=False, access_log=False)
    )
    async with application:
        await application.start()
        await server.serve()
        await application.stop()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
