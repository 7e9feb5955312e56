"""Who is in a chat, and the my_chat_member update that tells a bot about itself."""

from typing import Any

from bot.simulator.chats import Bot, Chat, MemberStatus, User
from bot.simulator.world import World

_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_send_welcome_messages",
)


def member_wire(user: User, status: MemberStatus) -> dict[str, Any]:
    """The ChatMember object."""
    wire: dict[str, Any] = {"status": status, "user": user.wire()}
    match status:
        case "creator":
            wire["is_anonymous"] = False
        case "administrator":
            wire |= {"can_be_edited": False, "is_anonymous": False, **dict.fromkeys(_RIGHTS, True)}
            wire |= {"can_pin_messages": True, "can_post_messages": True, "can_edit_messages": True}
        case "kicked":
            wire["until_date"] = 0
    return wire


def change_member(world: World, bot: Bot, chat: Chat, by: User, status: MemberStatus) -> None:
    """Change what a bot is in a chat, and tell it."""
    if chat.private:
        before: MemberStatus = "kicked" if chat.blocked else "member"
        chat.blocked = status == "kicked"
    else:
        before = chat.members.get(bot.id, "left")
        chat.members[bot.id] = status
    if before == status:
        return
    update = {
        "chat": chat.wire(),
        "from": by.wire(),
        "date": world.now(),
        "old_chat_member": member_wire(bot.user, before),
        "new_chat_member": member_wire(bot.user, status),
    }
    bot.updates.put("my_chat_member", update, f"chat:{chat.id}")
