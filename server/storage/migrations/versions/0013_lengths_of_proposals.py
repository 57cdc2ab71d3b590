"""How long a moment lasts that is proposed to another community."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tour_stops", sa.Column("minutes", sa.Integer(), nullable=True))
    # What was proposed before was told to last two hours.
    op.execute("UPDATE tour_stops SET minutes = 120 WHERE starts_at IS NOT NULL")


def downgrade() -> None:
    op.drop_column("tour_stops", "minutes")
