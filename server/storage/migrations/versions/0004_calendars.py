"""Calendars and figures: private feeds, visits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.storage.tables import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_feeds",
        sa.Column(
            "person_id",
            sa.String(32),
            sa.ForeignKey("people.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("token", sa.String(64), nullable=False, unique=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "visits",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column(
            "community_id",
            sa.String(32),
            sa.ForeignKey("communities.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column(
            "office_id",
            sa.String(32),
            sa.ForeignKey("offices.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("person_id", sa.String(32), sa.ForeignKey("people.id", ondelete="SET NULL")),
        sa.Column("came_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_visits_community_id_came_at", "visits", ["community_id", "came_at"])
    for column in ("office_id", "person_id", "seen_at"):
        op.create_index(f"ix_visits_{column}", "visits", [column])


def downgrade() -> None:
    op.drop_table("visits")
    op.drop_table("calendar_feeds")
