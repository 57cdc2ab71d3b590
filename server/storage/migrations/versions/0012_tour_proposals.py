"""Stops proposed to other communities, and the letters about them."""

from __future__ import annotations

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from server.storage.tables import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_STOPS = sa.table(
    "tour_stops",
    sa.column("id", sa.String),
    sa.column("tour_id", sa.String),
    sa.column("session_id", sa.String),
    *(sa.column(name, sa.String) for name in ("state", "title_fr", "title_en")),
    *(sa.column(name, sa.String) for name in ("time_zone", "note", "word")),
)


def _column(
    name: str, table: str, *, primary: bool = False, nullable: bool = False
) -> sa.Column[str]:
    key = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(name, sa.String(32), key, primary_key=primary, nullable=nullable)


def upgrade() -> None:
    kept = list(op.get_bind().execute(sa.select(_STOPS.c.tour_id, _STOPS.c.session_id)))
    op.drop_table("tour_stops")
    op.create_table(
        "tour_stops",
        sa.Column("id", sa.String(32), primary_key=True),
        _column("tour_id", "tours"),
        _column("session_id", "sessions", nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        _column("community_id", "communities", nullable=True),
        sa.Column("title_fr", sa.String(200), nullable=False),
        sa.Column("title_en", sa.String(200), nullable=False),
        sa.Column("starts_at", UtcDateTime()),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        _column("proposed_by", "people", nullable=True),
        sa.Column("proposed_at", UtcDateTime()),
        sa.UniqueConstraint("tour_id", "session_id"),
    )
    for name in ("session_id", "community_id", "proposed_by"):
        op.create_index(f"ix_tour_stops_{name}", "tour_stops", [name])
    empty = dict.fromkeys(("title_fr", "title_en", "time_zone", "note", "word"), "")
    op.bulk_insert(
        _STOPS,
        [
            {"id": uuid4().hex, "tour_id": tour, "session_id": stop, "state": "accepted", **empty}
            for tour, stop in kept
        ],
    )
    # Who turned every kind of letter off is not given a new one.
    op.execute(
        "UPDATE people SET notifications = notifications || ',proposals' WHERE notifications <> ''"
    )


def downgrade() -> None:
    accepted = sa.and_(_STOPS.c.state == "accepted", _STOPS.c.session_id.is_not(None))
    query = sa.select(_STOPS.c.tour_id, _STOPS.c.session_id).where(accepted)
    kept = [{"tour_id": row[0], "session_id": row[1]} for row in op.get_bind().execute(query)]
    op.drop_table("tour_stops")
    op.create_table(
        "tour_stops",
        _column("tour_id", "tours", primary=True),
        _column("session_id", "sessions", primary=True),
    )
    op.create_index("ix_tour_stops_session_id", "tour_stops", ["session_id"])
    op.bulk_insert(_STOPS, kept)
    told = "replace(replace(replace(notifications, ',proposals', ''), 'proposals,', ''), 'proposals', '')"
    op.execute(f"UPDATE people SET notifications = {told}")
