"""Links to a whole series, told apart from those to one of its dates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_WITHOUT_END = """
    UPDATE session_invitations SET whole = :yes
    WHERE invitation_id IN (SELECT id FROM invitations WHERE expires_at IS NULL)
    AND session_id IN (
        SELECT sessions.id FROM sessions
        JOIN session_series ON session_series.id = sessions.series_id
        WHERE session_series.frequency <> ''
    )
"""


def upgrade() -> None:
    op.add_column(
        "session_invitations",
        sa.Column("whole", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    # Links to a series were made without an end, those to a date with one.
    op.execute(sa.text(_WITHOUT_END).bindparams(sa.bindparam("yes", True, sa.Boolean())))


def downgrade() -> None:
    op.drop_column("session_invitations", "whole")
