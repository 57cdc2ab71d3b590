"""Series that go on in others, and the ends that calling off took from them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.storage.tables import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was split off before this stands alone: nothing says any more what it came from."""
    op.add_column(
        "session_series", sa.Column("lineage", sa.String(32), nullable=False, server_default="")
    )
    op.execute("UPDATE session_series SET lineage = id")
    op.create_index("ix_session_series_lineage", "session_series", ["lineage"])
    op.create_table(
        "session_series_ends",
        sa.Column(
            "series_id",
            sa.String(32),
            sa.ForeignKey("session_series.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("cancelled_at", UtcDateTime(), primary_key=True),
        sa.Column("until", sa.Date()),
        sa.Column("count", sa.Integer()),
    )


def downgrade() -> None:
    op.drop_table("session_series_ends")
    op.drop_index("ix_session_series_lineage", "session_series")
    op.drop_column("session_series", "lineage")
