"""sendPoll and stopPoll."""

from typing import Any

from bot.simulator.call import Call
from bot.simulator.chats import Content
from bot.simulator.errors import BadRequestError
from bot.simulator.polls import read_poll
from bot.simulator.world import Event


def send_poll(call: Call) -> Any:
    """Ask a poll or a quiz."""
    poll = read_poll(call.params, call.world.identifier(), call.bot.id, call.world.now())
    chat = call.chat("write")
    if chat.kind == "channel" and not poll.anonymous:
        raise BadRequestError("non-anonymous polls can't be sent to channel chats")
    message = call.send(Content(poll=poll))
    call.world.close_poll_in_time(call.bot, message)
    return call.wire(message)


def stop_poll(call: Call) -> Any:
    """Close a poll for good and return its result."""
    message = call.own_message("message with poll to stop")
    poll = message.content.poll
    if poll is None:
        raise BadRequestError("Message is not a poll")
    if poll.closed:
        raise BadRequestError("poll has already been closed")
    if poll.owner != call.bot.id or message.origin is not None:
        raise BadRequestError("Poll can't be stopped")
    markup = call.markup(message.chat, inline_only=True)
    call.spend(message.chat)
    poll.closed = True
    message.markup = markup
    call.world.emit(Event("edit", call.bot, message.chat, by_bot=True, message=message))
    call.world.poll_changed(call.bot, message, by_bot=True)
    return poll.wire(reveal=True)
