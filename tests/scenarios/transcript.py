"""How a play writes down what the bot did: as somebody sees it who looks over people's shoulders."""

import re
from collections.abc import Iterator
from io import BytesIO

from python_calamine import CalamineWorkbook

from bot.simulator import Delivery, SeenMessage, SeenPoll

_INDENT = "    "


def heard(delivery: Delivery, to: str) -> str:
    """What the bot did to a chat, as a block of lines; empty for what people do not see."""
    message = delivery.message
    match delivery.kind:
        case "message" if message is not None:
            return _block(f"Bot -> {to}:", _shown(message))
        case "edit" if message is not None:
            return _block(f"Bot -> {to} (edits its message):", _shown(message))
        case "delete" if message is not None:
            whose = "its own" if message.from_bot else f"{to}'s"
            return f"Bot -> {to}: (deletes {whose} message)"
        case "callback_answer" if delivery.text:
            return f"Bot -> {to} (over the chat): {delivery.text}"
    return ""


def verdict(poll: SeenPoll) -> str:
    """What the app shows below a quiz once it is answered."""
    chosen = [option for option in poll.options if option.chosen]
    right = all(option.chosen == bool(option.correct) for option in poll.options)
    if not chosen:
        return "(the app shows the question open again)"
    if not poll.quiz:
        return "(the app shows the vote)"
    return f"(the app shows: {'right' if right else 'wrong'}. {poll.explanation})"


# Signed with a random secret, so another one in each performance.
_CODE = re.compile(r"(?<=\?start=)[a-z][\w-]{32}|(?<=/sign-in/)[\w-]{64}")


def _block(speaker: str, lines: Iterator[str]) -> str:
    first, *rest = (_CODE.sub("...", line) for line in lines)
    return "\n".join([f"{speaker} {first}", *(f"{_INDENT}{line}".rstrip() for line in rest)])


def _shown(message: SeenMessage) -> Iterator[str]:
    if message.poll is not None:
        several = ", several answers" if message.poll.multiple else ""
        yield f"({'quiz' if message.poll.quiz else 'poll'}{several}) {message.poll.question}"
        for number, option in enumerate(message.poll.options, start=1):
            yield f"{number}. {option.text}"
    elif message.file is not None:
        yield f"({message.file.kind} {message.file.name})"
        yield from _text(message).splitlines()
        if message.file.mime == "text/calendar" or message.file.name.endswith(".ics"):
            unfolded = message.file.data.decode().replace("\r\n ", "").replace("\r\n", "\n")
            yield from (f"| {line}" for line in unfolded.splitlines())
        elif message.file.name.endswith(".xlsx"):
            book = CalamineWorkbook.from_filelike(BytesIO(message.file.data))
            for sheet in map(book.get_sheet_by_name, book.sheet_names):
                yield from (f"| {' | '.join(map(str, row))}" for row in sheet.to_python())
        elif message.file.name.endswith(".txt"):
            yield from (f"| {line}" for line in message.file.data.decode("utf-8-sig").splitlines())
    elif message.location is not None:
        yield "(location)"
    else:
        yield from _text(message).splitlines()
    for row in message.keyboard:
        yield " ".join(
            f"[{button.text}]" if button.url is None else f"[{button.text} <{button.url}>]" for button in row
        )


def _text(message: SeenMessage) -> str:
    """The text, with the addresses that its words link to."""
    units = message.text.encode("utf-16-le")
    for entity in sorted(message.entities, key=lambda each: -each["offset"]):
        if entity["type"] == "text_link":
            end = 2 * (entity["offset"] + entity["length"])
            units = units[:end] + f" <{entity['url']}>".encode("utf-16-le") + units[end:]
    return units.decode("utf-16-le")
