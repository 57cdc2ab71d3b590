"""When a member was told that their account will be erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.storage.tables import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("people", sa.Column("warned_at", UtcDateTime()))


def downgrade() -> None:
    op.drop_column("people", "warned_at")
