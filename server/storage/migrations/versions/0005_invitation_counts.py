"""Invitations: roles given, sessions opened, counts per link."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Links made before give no role; what they let in counts, what they showed was not counted."""
    op.add_column(
        "invitations", sa.Column("role", sa.String(32), nullable=False, server_default="guest")
    )
    for count in ("opens", "first_timers"):
        op.add_column(
            "invitations", sa.Column(count, sa.Integer(), nullable=False, server_default="0")
        )
    op.create_table(
        "session_invitations",
        sa.Column(
            "invitation_id",
            sa.String(32),
            sa.ForeignKey("invitations.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "session_id",
            sa.String(32),
            sa.ForeignKey("sessions.id", ondelete="CASCADE"),
            nullable=False,
        ),
    )
    op.create_index("ix_session_invitations_session_id", "session_invitations", ["session_id"])


def downgrade() -> None:
    op.drop_table("session_invitations")
    for column in ("first_timers", "opens", "role"):
        op.drop_column("invitations", column)
