"""Every event of the log says by its `action` what happened, and docs/observing.md lists all of them."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from bot.web.audit import KINDS
from tests import sources

DOCS = sources.ROOT / "docs" / "observing.md"
METHODS = {"debug", "info", "warning", "error", "critical", "exception", "log", "msg"}


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call of a logger in the source, and where it is."""
    for file, nodes in sources.nodes().items():
        for node in nodes:
            if isinstance(node, ast.Call) and is_logger(node.func):
                yield f"{file}:{node.lineno}", node


def is_logger(function: ast.expr) -> bool:
    """Whether it is `_log.info`, `self._log.error`, `log.warning` …, or a bare `log(…)`."""
    if isinstance(function, ast.Name):
        return function.id == "log"
    if not isinstance(function, ast.Attribute) or function.attr not in METHODS:
        return False
    named = function.value.attr if isinstance(function.value, ast.Attribute) else function.value
    name = named.id if isinstance(named, ast.Name) else named
    return isinstance(name, str) and name.strip("_") in {"log", "logger"}


def words(node: ast.expr | None) -> list[str]:
    """The text that an expression is, or each that it may be; nothing where it is not written there."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return words(node.body) + words(node.orelse)
    return []


def actions() -> Iterator[tuple[str, str, str]]:
    """Where, which action, and its sentence."""
    for place, call in calls():
        action = next((each.value for each in call.keywords if each.arg == "action"), None)
        named, said = words(action), words(call.args[0] if call.args else None)
        assert named, f"{place}: an event without an action (a word, written there)"
        assert len(said) == len(named), f"{place}: say what happened, in a sentence written there"
        yield from ((place, *each) for each in zip(named, said, strict=True))


def test_every_event_has_an_action_that_means_one_thing() -> None:
    meanings = defaultdict(set)
    for place, action, sentence in actions():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", action), f"{place}: {action}"
        meanings[action].add(sentence)
    assert len(meanings) > 20
    assert {action: said for action, said in meanings.items() if len(said) > 1} == {}


def test_the_docs_list_every_action_with_its_level_and_no_other() -> None:
    rows = re.findall(
        r"^\| `([a-z_]+)` \| (debug|info|warning|error) ", DOCS.read_text("utf-8"), re.MULTILINE
    )
    assert [action for action, _ in rows] == sorted({action for _, action, _ in actions()})
    listed = dict(rows)
    for place, call in calls():
        if isinstance(call.func, ast.Attribute):  # a bare `log` is one or the other, as it goes
            for action in words(next(each.value for each in call.keywords if each.arg == "action")):
                assert listed[action] == call.func.attr, f"{place}: {action}"


def test_what_a_coordinators_action_is_on_has_words() -> None:
    noted = {
        (f"{file}:{node.lineno}", word)
        for file, nodes in sources.nodes().items()
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "note"
        for keyword in node.keywords
        if keyword.arg == "kind"
        for word in words(keyword.value)
    }
    assert len(noted) > 20
    assert {each for each in noted if each[1] not in KINDS} == set()
