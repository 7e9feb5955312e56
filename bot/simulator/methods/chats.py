"""Chats and their members."""

from typing import Any

from bot.simulator.call import Call
from bot.simulator.chats import Chat, MemberStatus, User
from bot.simulator.errors import BadRequestError, ForbiddenError
from bot.simulator.members import change_member, member_wire
from bot.simulator.params import integer


def get_chat(call: Call) -> Any:
    """Everything known about a chat."""
    chat = call.chat("read")
    wire = chat.wire() | {
        "accent_color_id": abs(chat.id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(
            (
                "unlimited_gifts",
                "limited_gifts",
                "unique_gifts",
                "premium_subscription",
                "gifts_from_channels",
            ),
            False,
        ),
    }
    if chat.pinned and (pinned := chat.find(chat.pinned[-1])) is not None:
        wire["pinned_message"] = call.wire(pinned)
    if not chat.private:
        wire["permissions"] = {"can_send_messages": True, "can_send_polls": True}
    return wire


def get_chat_member(call: Call) -> Any:
    """What somebody is in a chat."""
    user_id = integer(call.params.required("user_id"))
    if user_id <= 0:
        raise BadRequestError("Invalid user_id specified")
    chat = call.chat("read")
    user = _user(call, user_id)
    status: MemberStatus = "left"
    if chat.private:
        if user_id not in (chat.id, call.bot.id):
            raise BadRequestError("PARTICIPANT_ID_INVALID")
        status = "kicked" if chat.blocked and user_id == call.bot.id else "member"
    else:
        status = chat.members.get(user_id, "left")
    return member_wire(user, status)


def get_chat_member_count(call: Call) -> Any:
    """How many are in a chat."""
    return count_members(call.chat("read"))


def count_members(chat: Chat) -> int:
    """How many are in a chat, bots included."""
    return 2 if chat.private else sum(status not in ("left", "kicked") for status in chat.members.values())


def leave_chat(call: Call) -> Any:
    """Leave a group or channel."""
    chat = call.chat("read")
    if chat.private:
        raise BadRequestError("Chat member status can't be changed in private chats")
    if chat.members[call.bot.id] in ("left", "kicked"):
        raise ForbiddenError(f"bot is not a member of the {chat.kind} chat")
    change_member(call.world, call.bot, chat, call.bot.user, "left")
    return True


def _user(call: Call, user_id: int) -> User:
    user = call.world.people.get(user_id)
    if user is None and (bot := call.world.bot_by_id(user_id)) is not None:
        user = bot.user
    if user is None:
        raise BadRequestError("user not found")
    return user
