"""Telegram's HTML: what it makes of a text, and its words where it refuses one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.markup import MarkupError, checked_link, parse_html, utf16_length


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("biasa & biasa", "biasa & biasa", []),
        ("<b>Sesi</b> 1", "Sesi 1", [{"type": "bold", "offset": 0, "length": 4}]),
        (
            "🙂 <i>a<u>b</u></i>",
            "🙂 ab",
            [{"type": "underline", "offset": 4, "length": 1}, {"type": "italic", "offset": 3, "length": 2}],
        ),
        ("&lt;b&gt; &amp;&quot; &#x41;&#66; &copy; &", '<b> &" AB &copy; &', []),
        (
            '<a href="https://x.example.invalid/?a=1&amp;b">di sini</a>',
            "di sini",
            [{"type": "text_link", "offset": 0, "length": 7, "url": "https://x.example.invalid/?a=1&b"}],
        ),
        (
            "<a>x.example.invalid</a>",
            "x.example.invalid",
            [{"type": "text_link", "offset": 0, "length": 17, "url": "http://x.example.invalid/"}],
        ),
        ("<a href='modul'>tidak ke mana pun</a>", "tidak ke mana pun", []),
        (
            "<blockquote expandable>q</blockquote>",
            "q",
            [{"type": "expandable_blockquote", "offset": 0, "length": 1}],
        ),
        (
            '<pre><code class="language-python">x</code></pre>',
            "x",
            [{"type": "pre", "offset": 0, "length": 1, "language": "python"}],
        ),
        ('<span class="tg-spoiler">s</span>', "s", [{"type": "spoiler", "offset": 0, "length": 1}]),
        ("<b></b>", "", []),
        ("<B>x</>", "x", [{"type": "bold", "offset": 0, "length": 1}]),
    ],
)
def test_html_is_read(source: str, text: str, entities: list[dict[str, object]]) -> None:
    assert parse_html(source) == (text, entities)


@pytest.mark.parametrize(
    ("source", "refusal"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x < y", 'Unsupported start tag "" at byte offset 2'),
        ("é<br>", 'Unsupported start tag "br" at byte offset 2'),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("x <b", "Unclosed start tag at byte offset 2"),
        ('<a href="x', "Unclosed start tag at byte offset 0"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<tg-emoji emoji-id="0">x</tg-emoji>', "Invalid custom emoji identifier specified"),
    ],
)
def test_html_is_refused(source: str, refusal: str) -> None:
    with pytest.raises(MarkupError) as raised:
        parse_html(source)
    assert str(raised.value) == f"can't parse entities: {refusal}"


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("https://Zoom.example.invalid/J/1", "https://zoom.example.invalid/J/1"),
        ("zoom.example.invalid", "http://zoom.example.invalid/"),
        ("tg://resolve?domain=rekan_bot", "tg://resolve?domain=rekan_bot"),
        ("modul", None),
        ("ftp://x.example.invalid", None),
        ("https://x.example.invalid:port", None),
        ("https://x. example.invalid", None),
        ("", None),
    ],
)
def test_links(link: str, kept: str | None) -> None:
    assert checked_link(link) == kept


PIECES = [
    "<b>",
    "</b>",
    "<i",
    ">",
    "</",
    "<a href=",
    '"',
    "'",
    "&#",
    "9" * 5000,
    "&lt;",
    ";",
    "🙂",
    " ",
    "=",
    "x",
    "<tg-emoji emoji-id=",
]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_source_is_read_or_refused(source: str) -> None:
    try:
        text, entities = parse_html(source)
    except MarkupError:
        return
    assert all(entity["offset"] + entity["length"] <= utf16_length(text) for entity in entities)
