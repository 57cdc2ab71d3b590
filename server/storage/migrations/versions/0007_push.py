"""Web push: the devices that want notices, and the notices that wait."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.storage.tables import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _key(column: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[str]:
    target = {
        "person_id": "people.id",
        "login_id": "logins.id" if primary_key else "push_subscriptions.login_id",
    }[column]
    key = sa.ForeignKey(target, ondelete="CASCADE")
    return sa.Column(column, sa.String(32), key, nullable=nullable, primary_key=primary_key)


def upgrade() -> None:
    op.create_table(
        "push_subscriptions",
        _key("login_id", primary_key=True),
        _key("person_id"),
        sa.Column("endpoint", sa.String(1000), nullable=False),
        sa.Column("endpoint_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_push_subscriptions_person_id", "push_subscriptions", ["person_id"])
    op.create_table(
        "push_notices",
        sa.Column("id", sa.String(32), primary_key=True),
        _key("person_id"),
        _key("login_id", nullable=True),
        sa.Column("about", sa.String(64), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
    )
    for column in ("person_id", "login_id", "about"):
        op.create_index(f"ix_push_notices_{column}", "push_notices", [column])
    op.create_index("ix_push_notices_due", "push_notices", ["next_try_at"])


def downgrade() -> None:
    op.drop_table("push_notices")
    op.drop_table("push_subscriptions")
