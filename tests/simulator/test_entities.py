"""How a text becomes text and entities."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.simulator.entities import clean, formatted, utf16_length
from bot.simulator.errors import BadRequestError

Short = list[tuple[Any, ...]]


def short(text: str, mode: str = "HTML", explicit: Any = None) -> tuple[str, Short]:
    """The text, and each entity as (type, offset, length, what else it holds)."""
    result = formatted(text, mode, explicit)
    return result.text, [
        (
            entity["type"],
            entity["offset"],
            entity["length"],
            *(value for key, value in entity.items() if key not in ("type", "offset", "length")),
        )
        for entity in result.entities
    ]


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("a &lt;b&gt; &amp; &quot;c&quot; &copy; & d", 'a <b> & "c" &copy; & d', []),
        ("&#65;&#x1F642;&#0;&lt", "A🙂&#0;<", []),
        ("<b>a</b><strong>b</strong>", "ab", [("bold", 0, 2)]),
        ("<B>a</B >", "a", [("bold", 0, 1)]),
        ("<i>a</i> <em>b</em>", "a b", [("italic", 0, 1), ("italic", 2, 1)]),
        ("<u>a</u><ins>b</ins>", "ab", [("underline", 0, 2)]),
        ("<s>a</s> <strike>b</strike> <del>c</del>", "a b c", [("strikethrough", i, 1) for i in (0, 2, 4)]),
        ("<tg-spoiler>a</tg-spoiler>", "a", [("spoiler", 0, 1)]),
        ('<span class="tg-spoiler">a</span>', "a", [("spoiler", 0, 1)]),
        ("<b>a<i>b<u>c</u></i></b>", "abc", [("bold", 0, 3), ("italic", 1, 2), ("underline", 2, 1)]),
        ("🙂<b>é🙂</b>", "🙂é🙂", [("bold", 2, 3)]),
        ("<b></b>a<i> </i>", "a", []),
        ("  <b>a</b>  ", "a", [("bold", 0, 1)]),
        ("a<b> b  </b> ", "a b", [("bold", 1, 2)]),
        ("<b>  a</b>", "  a", [("bold", 0, 3)]),
        ("<code>a</code>", "a", [("code", 0, 1)]),
        ('<code class="language-x">a</code>', "a", [("code", 0, 1)]),
        ("<pre>a\nb</pre>", "a\nb", [("pre", 0, 3)]),
        ('<pre><code class="language-python">a</code></pre>', "a", [("pre", 0, 1, "python")]),
        ("<b>a <code>b</code> c</b>", "a b c", [("bold", 0, 2), ("code", 2, 1), ("bold", 3, 2)]),
        ('<a href="https://x.id/a?b=1&amp;c=2">x</a>', "x", [("text_link", 0, 1, "https://x.id/a?b=1&c=2")]),
        ("<a href='X.ID'>x</a>", "x", [("text_link", 0, 1, "http://x.id/")]),
        ("<a>x.id</a>", "x.id", [("text_link", 0, 4, "http://x.id/")]),
        ('<a href="nonsense">x</a>', "x", []),
        (
            '<a href="tg://user?id=5">x</a>',
            "x",
            [("text_mention", 0, 1, {"id": 5, "is_bot": False, "first_name": "5"})],
        ),
        (
            "<b>a <a href='x.id'>b</a></b>",
            "a b",
            [("bold", 0, 2), ("text_link", 2, 1, "http://x.id/"), ("bold", 2, 1)],
        ),
        ('<tg-emoji emoji-id="77">👍</tg-emoji>', "👍", [("custom_emoji", 0, 2, "77")]),
        ('<tg-time unix="1762650000">9</tg-time>', "9", [("date_time", 0, 1, 1762650000)]),
        ('<tg-time unix="1762650000" format="Dt">9</tg-time>', "9", [("date_time", 0, 1, 1762650000, "Dt")]),
        ('<tg-time unix="0">9</tg-time>', "9", []),
        ("<blockquote>a\n<b>b</b></blockquote>", "a\nb", [("blockquote", 0, 3), ("bold", 2, 1)]),
        ("<blockquote expandable>a</blockquote>", "a", [("expandable_blockquote", 0, 1)]),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>", "ab", [("blockquote", 0, 2)]),
        ("<b>x<blockquote>y</blockquote></b>", "xy", [("bold", 0, 1), ("blockquote", 1, 1), ("bold", 1, 1)]),
        ("Lihat https://x.id/a_b?c=1. Ya", "Lihat https://x.id/a_b?c=1. Ya", [("url", 6, 20)]),
        ("<code>https://x.id</code>", "https://x.id", [("code", 0, 12)]),
        ("/start@rekan_bot abc", "/start@rekan_bot abc", [("bot_command", 0, 16)]),
        ("1/2 dan/atau </b>".replace("</b>", ""), "1/2 dan/atau", []),
        (
            "tulis @rekan_bot #orientasi2026 a@x.id",
            "tulis @rekan_bot #orientasi2026 a@x.id",
            [("mention", 6, 10), ("hashtag", 17, 14), ("email", 32, 6)],
        ),
        ("a\tb\r\nc\x01", "a b\nc", []),
    ],
)
def test_html(source: str, text: str, entities: Short) -> None:
    assert short(source) == (text, entities)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"type": "pre", "offset": 0, "length": 2, "language": "python"}, ("pre", 0, 2, "python")),
        ({"type": "text_link", "offset": 0, "length": 2, "url": "x.id"}, ("text_link", 0, 2, "http://x.id/")),
        ({"type": "bold", "offset": "1", "length": "2"}, ("bold", 1, 2)),
        (
            {"type": "date_time", "offset": 0, "length": 1, "unix_time": 5, "date_time_format": "R"},
            ("date_time", 0, 1, 5, "R"),
        ),
        (
            {"type": "custom_emoji", "offset": 0, "length": 1, "custom_emoji_id": "9"},
            ("custom_emoji", 0, 1, "9"),
        ),
        ({"type": "url", "offset": 0, "length": 2}, None),
        ({"type": "bold", "offset": 1, "length": 0}, None),
    ],
)
def test_explicit_entities(given: dict[str, Any], kept: tuple[Any, ...] | None) -> None:
    assert short("abc", "", [given]) == ("abc", [kept] if kept else [])


def test_a_mode_outweighs_explicit_entities() -> None:
    assert short("<b>a</b>", "HTML", [{"type": "italic", "offset": 0, "length": 1}]) == (
        "a",
        [("bold", 0, 1)],
    )


def test_more_than_100_entities_are_dropped_in_silence() -> None:
    text, entities = short(" ".join(f"<b>{number}</b>" for number in range(120)))
    assert text.endswith("119")
    assert len(entities) == 100


def test_crossing_styles_stay_and_crossing_links_do_not() -> None:
    bold = {"type": "bold", "offset": 0, "length": 3}
    italic = {"type": "italic", "offset": 2, "length": 3}
    code = {"type": "code", "offset": 0, "length": 3}
    link = {"type": "text_link", "offset": 2, "length": 3, "url": "x.id"}
    assert short("abcde", "", [bold, italic])[1] == [("bold", 0, 3), ("italic", 2, 3)]
    assert short("abcde", "", [code, link])[1] == [("code", 0, 3)]


@given(st.text())
def test_any_text_survives_escaping(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    try:
        plain = clean(text, [])
    except BadRequestError:
        with pytest.raises(BadRequestError):
            formatted(f"<b>{escaped}</b>", "HTML")
        return
    result = formatted(escaped, "HTML")
    assert result == plain


@given(st.text(alphabet=st.sampled_from("<>/abi=\"' &;é🙂\n"), max_size=60))
def test_any_html_is_parsed_or_refused(source: str) -> None:
    try:
        result = formatted(source, "HTML")
    except BadRequestError:
        return
    length = utf16_length(result.text)
    for entity in result.entities:
        assert 0 <= entity["offset"] < entity["offset"] + entity["length"] <= length
