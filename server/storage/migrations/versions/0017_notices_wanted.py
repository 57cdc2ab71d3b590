"""Whether a device wants notices, kept when its push service forgets where to bring them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "logins",
        sa.Column("wants_notices", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.execute(
        "UPDATE logins SET wants_notices = TRUE"
        " WHERE id IN (SELECT login_id FROM push_subscriptions)"
    )


def downgrade() -> None:
    op.drop_column("logins", "wants_notices")
