"""The first tables: communities, offices, people, invitations and owner links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.storage.tables import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _bilingual() -> list[sa.Column[str]]:
    return [
        sa.Column("name_fr", sa.String(120), nullable=False),
        sa.Column("name_en", sa.String(120), nullable=False),
        sa.Column("description_fr", sa.String(1000), nullable=False),
        sa.Column("description_en", sa.String(1000), nullable=False),
    ]


def _community() -> sa.Column[str]:
    key = sa.ForeignKey("communities.id", ondelete="CASCADE")
    return sa.Column("community_id", sa.String(32), key, nullable=False)


def upgrade() -> None:
    op.create_table(
        "communities",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("slug", sa.String(64), nullable=False, unique=True),
        *_bilingual(),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "offices",
        sa.Column("id", sa.String(32), primary_key=True),
        _community(),
        sa.Column("slug", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        *_bilingual(),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("visibility", sa.String(32), nullable=False),
        sa.Column("show_names", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("community_id", "slug", name="uq_offices_community_slug"),
        sa.CheckConstraint("capacity >= 1", name="capacity"),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("login_version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "memberships",
        sa.Column(
            "person_id",
            sa.String(32),
            sa.ForeignKey("people.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "community_id",
            sa.String(32),
            sa.ForeignKey("communities.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_memberships_community_id", "memberships", ["community_id"])
    _create_links()


def _create_links() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("token", sa.String(64), nullable=False, unique=True),
        _community(),
        sa.Column("office_id", sa.String(32), sa.ForeignKey("offices.id", ondelete="CASCADE")),
        sa.Column("created_by", sa.String(32), sa.ForeignKey("people.id", ondelete="SET NULL")),
        sa.Column("note", sa.String(400), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime()),
        sa.Column("max_uses", sa.Integer()),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("revoked_at", UtcDateTime()),
        sa.CheckConstraint("max_uses IS NULL OR uses <= max_uses", name="uses"),
    )
    op.create_index("ix_invitations_community_id", "invitations", ["community_id"])
    op.create_index("ix_invitations_office_id", "invitations", ["office_id"])
    op.create_table(
        "admissions",
        sa.Column(
            "person_id",
            sa.String(32),
            sa.ForeignKey("people.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "invitation_id",
            sa.String(32),
            sa.ForeignKey("invitations.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_admissions_invitation_id", "admissions", ["invitation_id"])
    op.create_table(
        "owner_links",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        _community(),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime()),
    )
    op.create_index("ix_owner_links_community_id", "owner_links", ["community_id"])


def downgrade() -> None:
    for table in (
        "owner_links",
        "admissions",
        "invitations",
        "memberships",
        "people",
        "offices",
        "communities",
    ):
        op.drop_table(table)
