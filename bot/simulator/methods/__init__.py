"""Every method the simulator knows, by its name in lower case; any other is "method not found"."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from bot.simulator.call import Call
from bot.simulator.methods import callbacks, chats, media, messages, polls, profile, reception

Method = Callable[[Call], Any]

GET_UPDATES = "getupdates"  # the one method that waits; the server calls it by itself

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "answercallbackquery": callbacks.answer_callback_query,
        "close": reception.close,
        "copymessage": messages.copy_message,
        "copymessages": messages.copy_messages,
        "deletemessage": messages.delete_message,
        "deletemessages": messages.delete_messages,
        "deletemycommands": profile.delete_my_commands,
        "deletewebhook": reception.delete_webhook,
        "editmessagecaption": messages.edit_message_caption,
        "editmessagemedia": media.edit_message_media,
        "editmessagereplymarkup": messages.edit_message_reply_markup,
        "editmessagetext": messages.edit_message_text,
        "forwardmessage": messages.forward_message,
        "forwardmessages": messages.forward_messages,
        "getchat": chats.get_chat,
        "getchatmember": chats.get_chat_member,
        "getchatmembercount": chats.get_chat_member_count,
        "getchatmenubutton": profile.get_chat_menu_button,
        "getfile": media.get_file,
        "getme": profile.get_me,
        "getmycommands": profile.get_my_commands,
        "getmydescription": profile.get_my_description,
        "getmyname": profile.get_my_name,
        "getmyshortdescription": profile.get_my_short_description,
        "getwebhookinfo": reception.get_webhook_info,
        "leavechat": chats.leave_chat,
        "logout": reception.log_out,
        "pinchatmessage": messages.pin_chat_message,
        "sendanimation": media.send_animation,
        "sendaudio": media.send_audio,
        "sendchataction": messages.send_chat_action,
        "senddocument": media.send_document,
        "sendlocation": messages.send_location,
        "sendvenue": messages.send_venue,
        "sendsticker": media.send_sticker,
        "sendvideonote": media.send_video_note,
        "sendmediagroup": media.send_media_group,
        "sendmessage": messages.send_message,
        "sendphoto": media.send_photo,
        "sendpoll": polls.send_poll,
        "sendvideo": media.send_video,
        "sendvoice": media.send_voice,
        "setchatmenubutton": profile.set_chat_menu_button,
        "setmessagereaction": messages.set_message_reaction,
        "setmycommands": profile.set_my_commands,
        "setmydescription": profile.set_my_description,
        "setmyname": profile.set_my_name,
        "setmyshortdescription": profile.set_my_short_description,
        "setwebhook": reception.set_webhook,
        "stoppoll": polls.stop_poll,
        "unpinchatmessage": messages.unpin_chat_message,
    }
)
