"""The words of every screen: in both languages, with the same placeholders, none missing and none idle."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import TypeGuard

import yaml
from jinja2 import Environment
from jinja2 import nodes as jinja

from bot.domain.audit import Action
from bot.domain.journal import State
from bot.domain.language import Language
from bot.domain.people import Role
from bot.domain.programme import Item
from bot.storage import directory
from tests import sources

OWN = {"name", "nama", "satker", "program", "portal"}
"""What every text may say of its reader (`bot.content.wording`)."""


def texts(language: str) -> dict[str, str]:
    def flat(node: object, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        if isinstance(node, dict):
            for key, value in node.items():
                yield from flat(value, (*path, str(key)))
        else:
            assert isinstance(node, str), f"{'.'.join(path)} is no text"
            yield ".".join(path), node

    file = sources.ROOT / "content" / "texts" / f"{language}.yaml"
    return dict(flat(yaml.safe_load(file.read_text(encoding="utf-8")), ()))


PART = r"[\w-]+"
INDONESIAN, ENGLISH = texts("id"), texts("en")
GROUPS = {key.partition(".")[0] for key in INDONESIAN}
BEGINNING = rf"({'|'.join(GROUPS)}|{re.escape(PART)})\\\.[a-z_]*({re.escape(PART)})?[a-z_]*$"
"""What an f-string that makes a key looks like: `card.{kind}_list`, `{kind}.button_list`."""


DELIVERIES = ["owed", "sending", "held", "sent", "gone", "expired", "failed", "withdrawn", "folded"]
"""The states of `bot.storage.tables.OutboxRow`."""

NO_TEXTS = {"timetable.until"}
"""What only looks like a key: the name of a fact in the table `state`."""


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text.replace("{{", "").replace("}}", "")))


def pattern(node: ast.JoinedStr) -> str:
    """An f-string as a regular expression."""
    return "".join(re.escape(v.value) if isinstance(v, ast.Constant) else PART for v in node.values)


def said_in_templates() -> Iterator[tuple[str, jinja.Call]]:
    """Every `t(…)` of the pages' templates, with its place."""
    environment = Environment(autoescape=True)
    for file in sorted((sources.ROOT / "bot" / "web" / "templates").rglob("*.html")):
        for node in environment.parse(file.read_text(encoding="utf-8")).find_all(jinja.Call):
            if isinstance(node.node, jinja.Name) and node.node.name == "t":
                yield f"{file.relative_to(sources.ROOT)}:{node.lineno}", node


def keys_in_templates() -> tuple[dict[str, str], dict[str, str]]:
    """Keys that are written out, and those made of a beginning and something (`"page.state_" ~ state`)."""
    whole: dict[str, str] = {}
    made: dict[str, str] = {}
    for place, node in said_in_templates():
        match node.args[0]:
            case jinja.Const(value=key):
                whole[key] = place
            case jinja.Concat(nodes=[jinja.Const(value=beginning), _]):
                made[re.escape(beginning) + PART] = place
    return whole, made


def _is_foreign_key(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ForeignKey"


@cache
def keys_in_code() -> tuple[dict[str, str], dict[str, str]]:
    """Whatever looks like a text's key, and f-strings that make one, each with its place."""
    whole: dict[str, str] = {}
    made: dict[str, str] = {}
    for file, nodes in sources.nodes().items():
        parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
        if "/migrations/" in file:  # "people.id" is a column there
            continue
        parts |= {id(node.args[0]) for node in nodes if _is_foreign_key(node)}  # "people.id" is no text
        for node in nodes:
            place = f"{file}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
                named = re.fullmatch(rf"({'|'.join(GROUPS)})(\.\w+)+", node.value)
                if named and node.value not in NO_TEXTS and not re.search(r"\.(html|css|js)$", node.value):
                    whole[node.value] = place
            elif isinstance(node, ast.JoinedStr) and re.match(BEGINNING, pattern(node)):
                made[pattern(node)] = place
    written, formed = keys_in_templates()
    return {**whole, **written}, {**made, **formed}


def test_both_languages_have_the_same_texts() -> None:
    assert set(INDONESIAN) == set(ENGLISH)


def test_both_languages_have_the_same_placeholders() -> None:
    """Of all at once: a test a key would be half of all tests."""
    named = {
        key: (placeholders(text) - OWN, placeholders(ENGLISH[key]) - OWN) for key, text in INDONESIAN.items()
    }
    assert {key: both for key, both in named.items() if both[0] != both[1]} == {}


def test_every_key_in_the_code_has_a_text() -> None:
    whole, made = keys_in_code()
    surely = {p: place for p, place in made.items() if not p.startswith(PART)}  # else it may be a file's name
    unknown = [p for p in surely if not any(re.fullmatch(p, key) for key in INDONESIAN)]
    assert [f"{place}: {key}" for key, place in whole.items() if key not in INDONESIAN] == []
    assert [f"{surely[p]}: {p}" for p in unknown] == []


def made_of_parts() -> set[str]:
    """The keys whose first part is made, or which are made of something that has a name."""
    return {
        *(f"card.{kind}_list" for kind in Item),
        *(f"{kind}.button_list" for kind in Item),
        *(f"journal.line_{state}" for state in State),
        *(f"settings.language_{language}" for language in Language),
        *(f"enrolment.ask_{asked}_again" for asked in ("name", "office")),
        *(f"digest.{kind}" for kind in Item),
        *(f"digest.{kind}_list" for kind in Item),
        *(f"page.action_{action}" for action in Action),
        *(f"page.state_{state}" for state in directory.State),
        *(f"page.role_{role}" for role in Role),
        *(f"page.delivery_{state}" for state in DELIVERIES),
    }


def test_every_made_key_exists_for_all_it_can_be_made_of() -> None:
    assert made_of_parts() <= set(INDONESIAN)


def test_no_text_is_idle() -> None:
    whole, made = keys_in_code()
    surely = [p for p in made if not p.startswith(PART)]  # a made file name would else excuse every text
    said = {*whole, *made_of_parts()}
    idle = [key for key in INDONESIAN if key not in said and not any(re.fullmatch(p, key) for p in surely)]
    assert idle == []


def test_every_placeholder_is_given_where_a_text_is_said() -> None:
    missing = []
    for file, nodes in sources.nodes().items():
        for node in nodes:
            match node:
                case ast.Call(
                    func=ast.Name("Say"), args=[ast.Constant(str() as key), ast.Dict(keys=given), *_]
                ) if None not in given:
                    names = {name.value for name in given if isinstance(name, ast.Constant)}
                case ast.Call(func=ast.Name("Say"), args=[ast.Constant(str() as key)], keywords=[]):
                    names = set()
                case _:
                    continue
            if lacking := placeholders(INDONESIAN.get(key, "")) - names - OWN:
                missing.append(f"{file}:{node.lineno}: {key} lacks {lacking}")
    assert missing == []


def test_every_placeholder_is_given_where_a_template_says_a_text() -> None:
    missing = []
    for place, node in said_in_templates():
        if isinstance(node.args[0], jinja.Const):
            key = node.args[0].value
            given = {each.key for each in node.kwargs}
            if lacking := placeholders(INDONESIAN.get(key, "")) - given - OWN:
                missing.append(f"{place}: {key} lacks {lacking}")
    assert missing == []
