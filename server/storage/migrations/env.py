"""How Alembic reaches the database: by the connection that `server.storage.database` gives it."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

from server.storage.tables import Table

# Any number will do, as long as every process uses the same: two starting at once migrate in turn.
MIGRATION_LOCK = 7882

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Table.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
    context.run_migrations()
