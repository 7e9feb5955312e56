"""Messages as calls of the Bot API: the reader's words, within Telegram's limits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from typing import Any, Final

from telegram import InputFile, InputMediaDocument

from bot.content.markup import cut, escape, shorten, width
from bot.content.wording import Wording, language_of, zone_of
from bot.documents import charts, sheets
from bot.documents.calendars import invitation
from bot.documents.exports import Table as Sheet
from bot.documents.exports import write_workbook
from bot.domain.announcements import template, variables
from bot.domain.cards import card, session_card
from bot.domain.forms import clock_time
from bot.domain.language import Language
from bot.domain.live_quiz import Question as LiveQuestion
from bot.domain.materials import COPIED
from bot.domain.messages import (
    Amend,
    Announcement,
    Ask,
    AskLive,
    Board,
    Button,
    Cell,
    Delete,
    Edit,
    File,
    Handout,
    Invite,
    Link,
    Material,
    Picture,
    Progress,
    Reader,
    Recall,
    Revise,
    Say,
    Scheduled,
    Sendable,
    SessionCard,
    Table,
    TakeBack,
    Tap,
    Value,
)
from bot.domain.posts import BARE, Piece, Post, Question
from bot.domain.programme import Catalogue, Programme, Quiz

TEXT_LIMIT: Final = 4096
CAPTION_LIMIT: Final = 1024
QUESTION_LIMIT: Final = 300
OPTION_LIMIT: Final = 100
EXPLANATION_LIMIT: Final = 200
TOAST_LIMIT: Final = 200


_LIMITS: Final = {"text": TEXT_LIMIT, "caption": CAPTION_LIMIT}
"""Where a message's words are, and how long they may be."""

_METHODS: Final = {
    "photo": "sendPhoto",
    "video": "sendVideo",
    "animation": "sendAnimation",
    "document": "sendDocument",
    "audio": "sendAudio",
    "voice": "sendVoice",
}
_BARE_METHODS: Final = {"sticker": "sendSticker", "video_note": "sendVideoNote"}

_SOMEBODY: Final = "\ue000"  # stands for a name: of Unicode's private use, so in no text
_MOST_WORDED: Final = 256
_TO_MANY: Final = (Scheduled, Post, Handout)  # what a wave's readers get


class UnrenderableError(Exception):
    """The message cannot be put into words: what it names is gone, or its text does not exist."""


@dataclass(frozen=True, slots=True)
class Call:
    """A method of the Bot API by its name, and its parameters but for the chat."""

    method: str
    params: Mapping[str, Any]


def _amended(message_ids: tuple[int, ...], sends: Call) -> Call:
    """The call by which the copy `message_ids` becomes what `sends` would send."""
    params = dict(sends.params)
    place = {"message_id": message_ids[0]}
    match sends.method:
        case "sendMessage":
            return Call("editMessageText", {**place, **params})
        case "sendMediaGroup":
            number, said = next(
                ((n, each) for n, each in enumerate(params["media"]) if "caption" in each),
                (0, params["media"][0]),
            )
            place = {"message_id": message_ids[min(number, len(message_ids) - 1)]}
            return Call("editMessageCaption", {**place, "caption": "", **_words_of(said)})
        case "sendDocument" if isinstance(params["document"], InputFile):
            file = params.pop("document")
            return Call("editMessageMedia", {**place, "media": InputMediaDocument(file, **params)})
        case method if method in _METHODS.values():
            return Call("editMessageCaption", {**place, "caption": "", **_words_of(params)})
    raise LookupError(f"what {sends.method} sends cannot be changed afterwards")


def _caption(piece: Piece, words: str) -> dict[str, Any]:
    said = {"caption": cut(words, CAPTION_LIMIT), "parse_mode": "HTML"} if words else {}
    return {**said, **({"show_caption_above_media": True} if piece.above else {}), **_shown(piece)}


def _shown(piece: Piece) -> dict[str, Any]:
    return {"has_spoiler": True} if piece.spoiler else {}


def _question(poll: Question, *, counted: bool) -> dict[str, Any]:
    """A poll of a coordinator's. Nobody's vote is named: what people think is not asked for by name.

    Of a copy in a chat with one person Telegram tells the bot the votes only where it is not anonymous.
    """
    quiz = {
        "type": "quiz",
        "correct_option_ids": list(poll.correct),
        "explanation": poll.explanation,
    }
    return {
        "question": poll.text,
        "options": [{"text": option} for option in poll.options],
        "is_anonymous": not counted,
        "allows_multiple_answers": poll.multiple,
        **(quiz if poll.correct else {}),
    }


def _live(question: LiveQuestion, language: Language, *, changeable: bool) -> dict[str, Any]:
    """A live question. No quiz of Telegram's: that would show each the right answer before all have voted."""
    return {
        "question": shorten(question.text[language], QUESTION_LIMIT),
        "options": [{"text": shorten(option[language], OPTION_LIMIT)} for option in question.options],
        "is_anonymous": False,
        "allows_multiple_answers": question.multiple,
        "allows_revoting": changeable,
    }


def _as_caption(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "caption": cut(said["text"], CAPTION_LIMIT),
        "parse_mode": said["parse_mode"],
        **({"reply_markup": said["reply_markup"]} if "reply_markup" in said else {}),
    }


def _words_of(params: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("caption", "parse_mode", "reply_markup", "show_caption_above_media")
    return {name: params[name] for name in kept if name in params}


class Renderer:
    """Renders messages from the catalogue as it stands when they are sent."""

    def __init__(self, catalogue: Callable[[], Catalogue], wording: Wording) -> None:
        self._newest = catalogue
        self._catalogue = catalogue()
        self._wording = wording
        self._worded: dict[
            tuple[Scheduled | Post | Handout, str, str, str, str], tuple[str, Mapping[str, Any]] | None
        ] = {}
        # The same for all who read alike.
        self._polls: dict[tuple[str, str, str, str], Mapping[str, Any]] = {}

    def call(self, message: Sendable, reader: Reader) -> Call:
        """The call that brings `message` to `reader`; raises UnrenderableError."""
        if (catalogue := self._newest()) is not self._catalogue:  # somebody has corrected it
            self._catalogue = catalogue
            self._worded.clear()
        try:
            if isinstance(message, _TO_MANY) and (known := self._for_many(message, reader)) is not None:
                return known
            return self._call(message, reader)
        except (LookupError, ValueError) as error:
            # A KeyError's str is a repr of its text.
            raise UnrenderableError(str(error.args[0]) if error.args else repr(error)) from error

    def toast(self, say: Say, reader: Reader) -> str:
        """The words over a tapped button; raises UnrenderableError."""
        try:
            return self._wording.plain(say, reader, TOAST_LIMIT)
        except LookupError as error:
            raise UnrenderableError(str(error.args[0])) from error

    def _call(self, message: Sendable, reader: Reader) -> Call:
        match message:
            case Say():
                return Call("sendMessage", self._text(message, reader))
            case Scheduled(programme_id, entry_id):
                programme = self._programme(programme_id)
                entry = programme.entry(entry_id)
                if entry is None:
                    raise LookupError(f"{programme_id} no longer has the timetable entry {entry_id}")
                return Call("sendMessage", self._text(card(programme, entry), reader))
            case SessionCard(programme_id, session_id, lead, stuck, materials):
                session = self._programme(programme_id).session(session_id)
                if session is None:
                    raise LookupError(f"{programme_id} no longer has the session {session_id}")
                said = session_card(session, lead or "", stuck=stuck, materials=materials)
                return Call("sendMessage", self._text(said, reader))
            case Ask(quiz_id, _, question_id):
                which = quiz_id, question_id, reader.programme, language_of(reader)
                poll = self._polls.get(which)
                if poll is None:
                    poll = self._polls[which] = self._poll(self._quiz(quiz_id, reader), question_id, reader)
                return Call("sendPoll", poll)
            case Invite(programme_id, session_id):
                return Call("sendDocument", self._calendar(self._programme(programme_id), session_id, reader))
            case Edit(message_id, say):
                return Call("editMessageText", {"message_id": message_id, **self._text(say, reader)})
            case Delete(message_id):
                return Call("deleteMessage", {"message_id": message_id})
            case Amend(message_ids, says):
                return _amended(message_ids, self.call(says, reader))
            case TakeBack():
                return self._taken_back(message, reader)
            case AskLive(number, question, changeable):
                if question is None:
                    raise LookupError(f"the live question {number} was not looked up")
                return Call("sendPoll", _live(question, language_of(reader), changeable=changeable))
            case Revise() | Recall() | Announcement() | Material() | Progress() | Board():
                raise LookupError("what it refers to was not looked up")
            case Post():
                return self._post(message, self._wording.filled(template(message.words), reader))
            case Handout():
                return self._handout(message, reader)
            case File():
                return Call("sendDocument", self._file(message, reader))
            case Picture():
                return Call("sendPhoto", self._picture(message, reader))

    def _taken_back(self, message: TakeBack, reader: Reader) -> Call:
        if message.note is not None:
            said = self._text(message.note, reader)
            if message.captioned:
                return _amended(message.message_ids, Call("sendPhoto", _as_caption(said)))
            return _amended(message.message_ids, Call("sendMessage", said))
        if len(message.message_ids) > 1:
            return Call("deleteMessages", {"message_ids": list(message.message_ids)})
        return Call("deleteMessage", {"message_id": message.message_ids[0]})

    def _handout(self, handout: Handout, reader: Reader) -> Call:
        """A material, under its session's name; the speaker's words are shown as they are, braces too."""
        post = handout.post
        first = post.pieces[0]
        if first.kind in COPIED:
            if handout.old:
                raise LookupError("a copy without words cannot say that it is an old one")
            return Call("copyMessage", {"from_chat_id": handout.chat_id, "message_id": first.message_id})
        session = self._programme(handout.programme).session(handout.session)
        if session is None:
            raise LookupError(f"{handout.programme} no longer has the session {handout.session}")
        which = "old" if handout.old else "newer" if handout.version > 1 else "first"
        said: dict[str, Value] = {"title": session.title, "version": handout.version}
        lead = self._wording.html(Say(f"materials.lead_{which}", said), reader)
        return self._post(post, f"{lead}\n\n{post.words}" if post.words else lead)

    def _post(self, post: Post, words: str) -> Call:
        """The call that says a post again, with these words; in its topic, where it goes to one."""
        call = self._said(post, words)
        if post.topic is None:
            return call
        return Call(call.method, {**call.params, "message_thread_id": post.topic})

    def _said(self, post: Post, words: str) -> Call:
        first = post.pieces[0]
        if len(post.pieces) > 1:
            described = next((n for n, piece in enumerate(post.pieces) if piece.words), 0)
            media = [
                {
                    "type": piece.kind,
                    "media": piece.file_id,
                    **(_caption(piece, words) if number == described else _shown(piece)),
                }
                for number, piece in enumerate(post.pieces)
            ]
            return Call("sendMediaGroup", {"media": media})
        if first.poll is not None:
            return Call("sendPoll", _question(first.poll, counted=post.counted is not None))
        if first.place is not None:
            latitude, longitude = first.place
            where: dict[str, Any] = {"latitude": latitude, "longitude": longitude}
            if first.venue is not None:
                title, address = first.venue
                return Call("sendVenue", {**where, "title": title, "address": address})
            return Call("sendLocation", where)
        if first.file_id is not None and first.kind in BARE:
            return Call(_BARE_METHODS[first.kind], {first.kind: first.file_id})
        if first.file_id is not None:
            return Call(_METHODS[first.kind], {first.kind: first.file_id, **_caption(first, words)})
        said: dict[str, Any] = {"text": cut(words, TEXT_LIMIT), "parse_mode": "HTML"}
        if not first.preview:
            said["link_preview_options"] = {"is_disabled": True}
        return Call("sendMessage", said)

    def _for_many(self, message: Scheduled | Post | Handout, reader: Reader) -> Call | None:
        """The call for one of a wave's many readers, worded once for all who differ by their names only.

        None where a name might change more than its place in the text.
        """
        name = escape(reader.name)
        if not name or name != name.strip() or "\n" in name:
            return None
        office = reader.office
        if not isinstance(message, Scheduled):
            post = message.post if isinstance(message, Handout) else message
            if len(post.pieces) > 1:
                return None
            if "satker" not in variables(post.words):
                office = ""
        alike = (message, reader.language, reader.zone, office, reader.programme)
        try:
            worded = self._worded[alike]
        except KeyError:
            if len(self._worded) >= _MOST_WORDED:
                self._worded.clear()
            call = self._call(message, replace(reader, name=_SOMEBODY))
            elsewhere = {each: value for each, value in call.params.items() if each not in _LIMITS}
            worded = None if _SOMEBODY in repr(elsewhere) else (call.method, call.params)
            self._worded[alike] = worded
        if worded is None:
            return None
        method, params = worded
        for field, limit in _LIMITS.items():
            if field in params:
                text = params[field].replace(_SOMEBODY, name)
                if 2 * len(text) > limit:  # it might have to be cut, which depends on all of it
                    return None
                return Call(method, {**params, field: text})
        return Call(method, params)

    def _text(self, say: Say, reader: Reader) -> dict[str, Any]:
        return {
            "text": cut(self._wording.html(say, reader), TEXT_LIMIT),
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
            **self._keyboard(say, reader),
        }

    def _button(self, button: Button, reader: Reader) -> dict[str, str]:
        label = self._wording.plain(button.label, reader)
        match button.does:
            case Tap() as tap:
                return {"text": label, "callback_data": tap.encode()}
            case Link(url):
                return {"text": label, "url": url}

    def _poll(self, quiz: Quiz, question_id: str, reader: Reader) -> dict[str, Any]:
        question = quiz.question(question_id)
        if question is None:
            raise LookupError(f"the quiz {quiz.id} no longer has the question {question_id}")
        language = language_of(reader)
        place = f"{quiz.questions.index(question) + 1}/{len(quiz.questions)} "
        # A quiz is written in plain text: "<" is a smaller-than there.
        text = shorten(question.text[language], QUESTION_LIMIT)
        return {
            "question": place + text if width(place + text) <= QUESTION_LIMIT else text,
            "options": [{"text": shorten(option[language], OPTION_LIMIT)} for option in question.options],
            "type": "quiz",
            "is_anonymous": False,
            "allows_multiple_answers": len(question.correct) > 1,
            "correct_option_ids": list(question.correct),
            "explanation": shorten(question.explanation[language], EXPLANATION_LIMIT),
        }

    def _calendar(self, programme: Programme, session_id: str, reader: Reader) -> dict[str, Any]:
        session = programme.session(session_id)
        if session is None:
            raise LookupError(f"{programme.id} no longer has the session {session_id}")
        said: dict[str, Value] = {
            "title": session.title,
            "opens": session.room_opens,
            "starts": session.starts,
            "ends": session.ends,
            "url": session.meeting.url,
            "meeting_id": session.meeting.meeting_id,
            "passcode": session.meeting.passcode,
            "stream": "" if session.stream is None else Say("invite.stream", {"url": session.stream}),
        }
        file = invitation(
            programme,
            session,
            title=self._wording.plain(session.title, reader),
            description=self._wording.plain(Say("invite.description", said), reader),
        )
        return {
            "document": InputFile(file, filename=f"{session.id}.ics"),
            "caption": cut(self._wording.html(Say("invite.caption", said), reader), CAPTION_LIMIT),
            "parse_mode": "HTML",
        }

    def _file(self, file: File, reader: Reader) -> dict[str, Any]:
        match file.content:
            case Table() as table if file.name.endswith(".pdf"):
                document = self._sheets(table, reader)
            case Table() as table:
                document = self._workbook(table, reader)
            case str() as text:
                document = text.encode("utf-8-sig")  # else Windows' editor misreads it
            case None:
                raise LookupError(f"the file {file.name} is kept no longer")
        return {"document": InputFile(document, filename=file.name), **self._caption(file.caption, reader)}

    def _workbook(self, table: Table, reader: Reader) -> bytes:
        sheets = [
            Sheet(
                self._wording.plain(table.title, reader),
                [self._wording.plain(column, reader) for column in table.columns],
                ([self._cell(cell, reader) for cell in row] for row in table.rows),
            )
        ]
        if table.notes:
            about = self._wording.plain(Say("workbook.about"), reader)
            sheets.append(
                Sheet(about, [about], ([self._wording.plain(line, reader)] for line in table.notes))
            )
        file = BytesIO()
        write_workbook(file, sheets, zone_of(reader).tzinfo)
        return file.getvalue()

    def _sheets(self, table: Table, reader: Reader) -> bytes:
        """The table to print, each value of its first column on pages of its own."""

        def words(cell: Cell) -> str:
            match cell:
                case None:
                    return ""
                case datetime():
                    return self._wording.plain(clock_time(cell), reader)
                case _:
                    return self._wording.plain(cell, reader)

        return sheets.write_sheets(
            title=self._wording.plain(table.title, reader),
            titles=[self._wording.plain(column, reader) for column in table.columns],
            rows=[[words(cell) for cell in row] for row in table.rows],
            notes=[self._wording.plain(line, reader) for line in table.notes],
        )

    def _cell(self, cell: Cell, reader: Reader) -> object:
        return self._wording.plain(cell, reader) if isinstance(cell, Say) else cell

    def _picture(self, picture: Picture, reader: Reader) -> dict[str, Any]:
        chart = picture.chart
        done, lacking = (self._wording.plain(each, reader) for each in chart.legend)
        drawn = charts.bars(
            title=self._wording.plain(chart.title, reader),
            bars=[(bar.label, bar.done, bar.total) for bar in chart.bars],
            legend=(done, lacking),
            source=self._wording.plain(chart.source, reader),
            number=lambda number: self._wording.plain(number, reader),
        )
        return {"photo": InputFile(drawn, filename="rekap.png"), **self._caption(picture.caption, reader)}

    def _caption(self, say: Say, reader: Reader) -> dict[str, Any]:
        params = {"caption": cut(self._wording.html(say, reader), CAPTION_LIMIT), "parse_mode": "HTML"}
        return params | self._keyboard(say, reader)

    def _keyboard(self, say: Say, reader: Reader) -> dict[str, Any]:
        if not say.buttons:
            return {}
        rows = [[self._button(button, reader) for button in row] for row in say.buttons]
        return {"reply_markup": {"inline_keyboard": rows}}

    def _programme(self, programme_id: str) -> Programme:
        programme = self._catalogue.programme(programme_id)
        if programme is None:
            raise LookupError(f"there is no longer a programme {programme_id}")
        return programme

    def _quiz(self, quiz_id: str, reader: Reader) -> Quiz:
        """The quiz of the reader's programme, else of any: their texts are the same."""
        own = self._catalogue.programme(reader.programme)
        for programme in (own, *self._catalogue.programmes.values()):
            if programme is not None and (quiz := programme.quiz(quiz_id)) is not None:
                return quiz
        raise LookupError(f"there is no longer a quiz {quiz_id}")
