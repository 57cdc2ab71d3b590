"""Those shown out of an office for the day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.storage.tables import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "expulsions",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column(
            "person_id",
            sa.String(32),
            sa.ForeignKey("people.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column(
            "office_id",
            sa.String(32),
            sa.ForeignKey("offices.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_expulsions_person_id_office_id", "expulsions", ["person_id", "office_id"])
    op.create_index("ix_expulsions_office_id", "expulsions", ["office_id"])
    op.create_index("ix_expulsions_until", "expulsions", ["until"])


def downgrade() -> None:
    op.drop_table("expulsions")
