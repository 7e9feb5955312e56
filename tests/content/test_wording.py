from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from bot.content.wording import Wording
from bot.domain import forms
from bot.domain.language import Localised
from bot.domain.messages import Reader, Say, Value, Written
from bot.domain.programme import Catalogue, Local

ANNA = Reader("id", "WITA", 'Anna <b>{nama}</b> Ma\'ruf & "rekan"', "Dinas {x}")
BEN = Reader("en", "WIB", "Ben", "Office")
OPENING = datetime(2026, 11, 9, 1, 0, tzinfo=UTC)
LATE = datetime(2026, 11, 9, 15, 30, tzinfo=UTC)

TEXTS = {
    "hello": Localised("Bapak/Ibu {nama}, {{selamat datang}}", "Dear {nama}, {{welcome}}"),
    "card": Localised("{lead}\n\n<b>{title}</b>\n\n{stream}\n\nSelesai", "{lead}\n\n<b>{title}</b>"),
    "thanks": Localised("Terima kasih, {nama}. Selesai", "Thanks, {nama}! Done"),
    "line": Localised("• {title}", "• {title}"),
    "list": Localised("Daftar:\n{lines}", "List:\n{lines}"),
    "link": Localised('<a href="{url}">tautan</a>', '<a href="{url}">link</a>'),
}
WORDING = Wording(Catalogue({}, TEXTS))


@pytest.mark.parametrize(
    ("value", "reader", "words"),
    [
        (3400, ANNA, "3.400"),
        (3400, BEN, "3,400"),
        (7, ANNA, "7"),
        (date(2026, 11, 9), ANNA, "Senin, 9 November 2026"),
        (date(2026, 11, 9), BEN, "Monday, 9 November 2026"),
        (OPENING, ANNA, "Senin, 9 November 2026 pukul 09.00 WITA (08.00 WIB / 10.00 WIT)"),
        (OPENING, BEN, "Monday, 9 November 2026, 08.00 WIB (09.00 WITA / 10.00 WIT)"),
        (OPENING, Reader("id", "WIT"), "Senin, 9 November 2026 pukul 10.00 WIT (08.00 WIB / 09.00 WITA)"),
        (LATE, ANNA, "Senin, 9 November 2026 pukul 23.30 WITA (22.30 WIB / Selasa 00.30 WIT)"),
        (
            Local(date(2026, 11, 23), time(23, 59)),
            ANNA,
            "Senin, 23 November 2026 pukul 23.59 WITA",
        ),
        (Localised("<b>Modul</b> & {x}", "<b>Module</b>"), ANNA, "<b>Modul</b> & {x}"),
        ("<i>&{x}", ANNA, "&lt;i&gt;&amp;{x}"),
        ((Say("line", {"title": "a"}), Say("line", {"title": "b"})), ANNA, "• a\n• b"),
        (
            Written(Localised("{nama}, {sesi}", "{sesi}"), {"sesi": Localised("Hari <b>1</b>", "Day 1")}),
            ANNA,
            "Anna &lt;b&gt;{nama}&lt;/b&gt; Ma'ruf &amp; &quot;rekan&quot;, Hari <b>1</b>",
        ),
        (forms.clock_time(OPENING), ANNA, "09.00 WITA"),
        (forms.clock_times(OPENING), BEN, "08.00 WIB (09.00 WITA / 10.00 WIT)"),
        (forms.day(LATE), Reader("id", "WIT"), "Selasa, 10 November 2026"),
        (forms.short_day(LATE), Reader("id", "WIT"), "Sel, 10 Nov"),
        (forms.short_day(date(2026, 12, 1)), BEN, "Tue, 1 Dec"),
        (forms.short_moment(OPENING), ANNA, "Sen, 9 Nov 09.00 WITA"),
        (forms.span(OPENING, OPENING + timedelta(hours=6)), ANNA, "09.00–15.00 WITA"),
        (
            forms.span(OPENING, OPENING + timedelta(days=1)),
            ANNA,
            "Sen, 9 Nov 09.00 – Sel, 10 Nov 09.00 WITA",
        ),
    ],
)
def test_each_kind_of_value_in_words(value: Value, reader: Reader, words: str) -> None:
    assert WORDING.html(value, reader) == words


def test_a_name_is_shown_as_it_is_whatever_it_holds() -> None:
    assert WORDING.html(Say("hello"), ANNA) == (
        "Bapak/Ibu Anna &lt;b&gt;{nama}&lt;/b&gt; Ma'ruf &amp; &quot;rekan&quot;, {selamat datang}"
    )
    assert WORDING.plain(Say("hello"), ANNA) == (
        'Bapak/Ibu Anna <b>{nama}</b> Ma\'ruf & "rekan", {selamat datang}'
    )
    assert WORDING.html(Say("hello", {"nama": "Dr. {0} {nama}"}), BEN) == "Dear Dr. {0} {nama}, {welcome}"


def test_an_address_in_an_attribute_cannot_leave_it() -> None:
    markup = WORDING.html(Say("link", {"url": 'https://a.example.invalid/?a=1&b="><b>'}), ANNA)
    assert markup == '<a href="https://a.example.invalid/?a=1&amp;b=&quot;&gt;&lt;b&gt;">tautan</a>'


def test_a_degree_and_the_sentence_end_with_one_full_stop() -> None:
    sari = Reader("id", "WIB", "Sari, S.Kom.")
    assert WORDING.html(Say("thanks"), sari) == "Terima kasih, Sari, S.Kom. Selesai"
    assert WORDING.html(Say("thanks"), replace(sari, language="en")) == "Thanks, Sari, S.Kom.! Done"
    assert WORDING.html(Say("thanks"), replace(sari, name="Sari")) == "Terima kasih, Sari. Selesai"


def test_what_is_empty_leaves_no_gap() -> None:
    said = Say("card", {"lead": "", "title": "T", "stream": ""})
    assert WORDING.html(said, ANNA) == "<b>T</b>\n\nSelesai"


def test_nested_texts_are_in_the_readers_language() -> None:
    said = Say("list", {"lines": (Say("line", {"title": Localised("satu", "one")}), Say("hello"))})
    assert WORDING.html(said, BEN) == "List:\n• one\nDear Ben, {welcome}"


def test_plain_text_is_cut_to_its_limit() -> None:
    assert WORDING.plain(Localised("<b>Selamat</b> pagi semua", ""), ANNA, 16) == "Selamat pagi…"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Say("nothing.here"), "no text nothing.here"),
        (Say("line"), "line asks for {title}, which its message does not have"),
        (Say("line", {"title": Say("program")}), "no text program"),
        (Say("form.time", {"at": "soon"}), "no form form.time of at"),
        (Written(Localised("{program}", "")), "a schedule's text asks for {program}"),
    ],
)
def test_what_does_not_exist_is_named(said: Value, why: str) -> None:
    with pytest.raises(KeyError, match=why.replace("{", r"\{")):
        WORDING.html(said, ANNA)


def test_an_unknown_language_or_zone_falls_back() -> None:
    assert WORDING.html(OPENING, Reader("xx", "UTC")).startswith("Senin, 9 November 2026 pukul 08.00 WIB")
