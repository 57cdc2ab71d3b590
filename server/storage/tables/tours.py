"""The tables of tours: series of sessions across communities."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.storage.tables.base import Table, UtcDateTime


class TourRow(Table):
    """A tour; `created_by` is NULL once who made it is erased."""

    __tablename__ = "tours"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title_fr: Mapped[str] = mapped_column(String(200))
    title_en: Mapped[str] = mapped_column(String(200))
    text_fr: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str | None] = mapped_column(
        ForeignKey("people.id", ondelete="SET NULL"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TourStopRow(Table):
    """A session that a tour stops at, or a stop proposed to a community; it goes with its session.

    `state` is that of `server.community.tour_proposals.StopState`. A proposed moment has a title,
    a start, a zone and a length of its own until a session is made of it. `proposed_by` is NULL
    once it is accepted: what is not goes with who proposed it.
    """

    __tablename__ = "tour_stops"
    __table_args__ = (UniqueConstraint("tour_id", "session_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    tour_id: Mapped[str] = mapped_column(ForeignKey("tours.id", ondelete="CASCADE"))
    session_id: Mapped[str | None] = mapped_column(
        ForeignKey("sessions.id", ondelete="CASCADE"), index=True
    )
    state: Mapped[str] = mapped_column(String(16))
    community_id: Mapped[str | None] = mapped_column(
        ForeignKey("communities.id", ondelete="CASCADE"), index=True
    )
    title_fr: Mapped[str] = mapped_column(String(200))
    title_en: Mapped[str] = mapped_column(String(200))
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    time_zone: Mapped[str] = mapped_column(String(64))
    minutes: Mapped[int | None]
    note: Mapped[str] = mapped_column(Text)
    word: Mapped[str] = mapped_column(Text)
    proposed_by: Mapped[str | None] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), index=True
    )
    proposed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
