"""What Alembic runs for every command: migrate the connection that `schema` hands over."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

from bot.storage.tables import Id, UtcDateTime, for_migrations


def _as_plain_type(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our column types as SQLAlchemy's own: a migration stays what it was when the models move on."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, sa.BigInteger) and item._variant_mapping == Id._variant_mapping:
        return 'sa.BigInteger().with_variant(sa.Integer(), "sqlite")'
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=for_migrations(),
    render_as_batch=True,  # SQLite changes a table by making it anew
    transactional_ddl=True,  # all steps or none, on SQLite too
    render_item=_as_plain_type,
)
context.run_migrations()
