"""Sessions: series, occurrences, answers, reminders."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from server.storage.tables import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _key(name: str, target: str, *, primary_key: bool = False) -> sa.Column[str]:
    key = sa.ForeignKey(f"{target}.id", ondelete="CASCADE")
    return sa.Column(name, sa.String(32), key, primary_key=primary_key, nullable=False)


def _person(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(32), sa.ForeignKey("people.id", ondelete="SET NULL"))


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, UtcDateTime(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "session_plans",
        sa.Column("id", sa.String(32), primary_key=True),
        _key("office_id", "offices"),
        sa.Column("title_fr", sa.String(200), nullable=False),
        sa.Column("title_en", sa.String(200), nullable=False),
        sa.Column("text_fr", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("theme", sa.String(120), nullable=False),
        sa.Column("phases", sa.String(500), nullable=False),
        sa.Column("capacity", sa.Integer()),
        sa.Column("open_to", sa.String(32), nullable=False),
    )
    op.create_index("ix_session_plans_office_id", "session_plans", ["office_id"])
    op.create_table(
        "session_hosts",
        _key("plan_id", "session_plans", primary_key=True),
        _key("person_id", "people", primary_key=True),
        sa.Column("position", sa.Integer(), nullable=False),
    )
    op.create_index("ix_session_hosts_person_id", "session_hosts", ["person_id"])
    _create_series()
    _create_sessions()


def _create_series() -> None:
    op.create_table(
        "session_series",
        sa.Column("id", sa.String(32), primary_key=True),
        _key("community_id", "communities"),
        _key("plan_id", "session_plans"),
        sa.Column("start", sa.DateTime(), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("frequency", sa.String(16), nullable=False),
        sa.Column("weekdays", sa.String(16), nullable=False),
        sa.Column("interval", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("until", sa.Date()),
        sa.Column("count", sa.Integer()),
        sa.Column("sequence", sa.Integer(), nullable=False),
        _moment("known_until"),
        _person("created_by"),
        _moment("created_at"),
    )
    for column in ("community_id", "plan_id", "known_until"):
        op.create_index(f"ix_session_series_{column}", "session_series", [column])


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(32), primary_key=True),
        _key("series_id", "session_series"),
        _key("community_id", "communities"),
        _key("plan_id", "session_plans"),
        _moment("original_start"),
        _moment("starts_at"),
        _moment("ends_at"),
        sa.Column("own_start", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        _moment("changed_at"),
        _moment("cancelled_at", nullable=True),
        _moment("ended_at", nullable=True),
        sa.Column("microphones", sa.String(16), nullable=False),
        _person("lamp_id"),
    )
    op.create_index("ix_sessions_community_id_starts_at", "sessions", ["community_id", "starts_at"])
    for column in ("series_id", "plan_id", "ends_at"):
        op.create_index(f"ix_sessions_{column}", "sessions", [column])
    op.create_table(
        "session_answers",
        _key("session_id", "sessions", primary_key=True),
        _key("person_id", "people", primary_key=True),
        sa.Column("answer", sa.String(16), nullable=False),
        sa.Column("companions", sa.Integer(), nullable=False),
        _moment("placed_at"),
        _moment("changed_at"),
        sa.Column("remind_minutes", sa.Integer()),
    )
    op.create_index("ix_session_answers_person_id", "session_answers", ["person_id"])


def downgrade() -> None:
    for table in (
        "session_answers",
        "sessions",
        "session_series",
        "session_hosts",
        "session_plans",
    ):
        op.drop_table(table)
