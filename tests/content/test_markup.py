import html
import re

from hypothesis import given
from hypothesis import strategies as st

from bot.content.markup import cut, escape, plain, shorten, width


def test_what_fits_is_left_alone() -> None:
    assert cut("<b>abc</b>", 3) == "<b>abc</b>"
    assert shorten("abc", 3) == "abc"


def test_a_text_is_cut_at_a_lines_end_and_its_tags_are_closed() -> None:
    text = "<b>satu dua tiga\nempat <i>lima enam\ntujuh delapan</i></b>"
    assert cut(text, 36) == "<b>satu dua tiga\nempat <i>lima enam</i></b>\n…"


def test_a_long_paragraph_is_cut_between_words_rather_than_lost() -> None:
    assert cut("a\n" + "kata " * 20, 20) == "a\nkata kata kata …"


def test_a_single_long_word_is_cut_where_it_must() -> None:
    assert cut("x" * 30, 10) == "x" * 8 + "…"


def test_entities_and_emoji_count_as_telegram_counts_them() -> None:
    assert width("a😀") == 3
    assert cut("&lt;&amp;" * 3, 6) == "&lt;&amp;" * 3
    assert cut("&lt;" * 8, 6) == "&lt;" * 4 + "…"
    assert shorten("😀😀😀", 5) == "😀😀…"


PIECES = st.lists(
    st.sampled_from(["<b>", "</b>", "<i>", "</i>", "kata ", "\n", "&amp;", "😀", "xyz"]), max_size=60
)


@given(PIECES, st.integers(min_value=4, max_value=40))
def test_whatever_is_cut_fits_and_is_balanced(pieces: list[str], limit: int) -> None:
    markup, stack = "", []
    for piece in pieces:  # only well-formed markup is said to come in
        if piece in ("<b>", "<i>"):
            stack.append(piece[1])
        elif piece in ("</b>", "</i>"):
            if not stack or stack[-1] != piece[2]:
                continue
            stack.pop()
        markup += piece
    markup += "".join(f"</{name}>" for name in reversed(stack))
    short = cut(markup, limit)
    assert width(plain(short)) <= limit
    opened: list[str] = []
    for closing, name in re.findall(r"<(/?)([a-z]+)>", short):
        if closing:
            assert opened.pop() == name
        else:
            opened.append(name)
    assert not opened


@given(st.text())
def test_escaped_text_comes_back(text: str) -> None:
    assert html.unescape(escape(text)) == html.unescape(html.escape(text))
    assert plain(escape("<b>&amp;")) == "<b>&amp;"
