"""Templates and words: what a template may call, and how values of the programme look on a page."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bot.content.wording import Wording
from bot.domain.forms import short_moment
from bot.domain.messages import Reader, Say, Value


class Rendering:
    """Every template, worded for one reader at a time; raises KeyError for a text that does not exist."""

    def __init__(self, wording: Wording, base: str, static: Callable[[str], str]) -> None:
        self._wording = wording
        self._base = base
        self._environment = Environment(
            loader=PackageLoader("bot.web", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["static"] = static
        self._environment.globals["href"] = self.href

    def href(self, path: str) -> str:
        """A page's address, as links in pages have it."""
        return self._base + path

    def page(self, template: str, reader: Reader, values: Mapping[str, Any]) -> str:
        """A template for a reader: `t` says a text, `w` puts any value into words, `cell` into HTML."""

        def t(key: str, **params: Value) -> str:
            return self._wording.plain(Say(key, params), reader)

        def w(value: Value) -> str:
            return self._wording.plain(value, reader)

        def cell(value: "Value | None") -> str | Markup:
            if isinstance(value, datetime):
                moment = self._wording.plain(short_moment(value), reader)
                return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), moment)
            return "" if value is None else w(value)

        found = self._environment.get_template(template)
        return found.render(values, t=t, w=w, cell=cell, language=reader.language)
