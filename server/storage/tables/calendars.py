"""The tables of calendars and figures: people's feeds, private and public, and visits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from server.storage.tables.base import Table, UtcDateTime


class CalendarFeedRow(Table):
    """The address at which someone's calendar reads their sessions: its token is the only key."""

    __tablename__ = "calendar_feeds"

    person_id: Mapped[str] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    token: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class HostFeedRow(Table):
    """The address at which anyone reads the public sessions that someone hosts, as they agreed."""

    __tablename__ = "host_feeds"

    person_id: Mapped[str] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    token: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class VisitRow(Table):
    """One stay in one office; `person_id` is NULL once that person is erased."""

    __tablename__ = "visits"
    __table_args__ = (
        Index("ix_visits_community_id_came_at", "community_id", "came_at"),
        Index("ix_visits_seen_at", "seen_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    community_id: Mapped[str] = mapped_column(ForeignKey("communities.id", ondelete="CASCADE"))
    office_id: Mapped[str] = mapped_column(ForeignKey("offices.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[str | None] = mapped_column(
        ForeignKey("people.id", ondelete="SET NULL"), index=True
    )
    came_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
