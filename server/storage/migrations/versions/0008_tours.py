"""Tours: series of sessions across communities."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.storage.tables import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tours",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("slug", sa.String(80), nullable=False, unique=True),
        sa.Column("title_fr", sa.String(200), nullable=False),
        sa.Column("title_en", sa.String(200), nullable=False),
        sa.Column("text_fr", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(32), sa.ForeignKey("people.id", ondelete="SET NULL")),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_tours_created_by", "tours", ["created_by"])
    op.create_table(
        "tour_stops",
        sa.Column(
            "tour_id", sa.String(32), sa.ForeignKey("tours.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column(
            "session_id",
            sa.String(32),
            sa.ForeignKey("sessions.id", ondelete="CASCADE"),
            primary_key=True,
        ),
    )
    op.create_index("ix_tour_stops_session_id", "tour_stops", ["session_id"])


def downgrade() -> None:
    op.drop_table("tour_stops")
    op.drop_table("tours")
