"""The tables of sessions: plans, series, the sessions themselves at their dates, and answers."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, Date, DateTime, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.storage.tables.base import Table, UtcDateTime


class SessionPlanRow(Table):
    """What a session is: shared by a series, or of one session that was changed by itself."""

    __tablename__ = "session_plans"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    office_id: Mapped[str] = mapped_column(ForeignKey("offices.id", ondelete="CASCADE"), index=True)
    title_fr: Mapped[str] = mapped_column(String(200))
    title_en: Mapped[str] = mapped_column(String(200))
    text_fr: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text)
    theme: Mapped[str] = mapped_column(String(120))
    phases: Mapped[str] = mapped_column(String(500))
    capacity: Mapped[int | None]
    open_to: Mapped[str] = mapped_column(String(32))


class SessionHostRow(Table):
    """A host of a plan: `position` 0 is the host, the others co-hosts."""

    __tablename__ = "session_hosts"

    plan_id: Mapped[str] = mapped_column(
        ForeignKey("session_plans.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[str] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    position: Mapped[int]


class SessionSeriesRow(Table):
    """When sessions take place: a first local start, a zone and a rule ("" frequency: just once).

    `known_until`: every session up to that moment has its row. `lineage`: the mark shared by a
    series and those that became of it ("this and following"): the id of the first.
    """

    __tablename__ = "session_series"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    community_id: Mapped[str] = mapped_column(
        ForeignKey("communities.id", ondelete="CASCADE"), index=True
    )
    plan_id: Mapped[str] = mapped_column(
        ForeignKey("session_plans.id", ondelete="CASCADE"), index=True
    )
    start: Mapped[datetime] = mapped_column(DateTime)
    time_zone: Mapped[str] = mapped_column(String(64))
    frequency: Mapped[str] = mapped_column(String(16))
    weekdays: Mapped[str] = mapped_column(String(16))
    interval: Mapped[int]
    ordinal: Mapped[int]
    until: Mapped[date | None] = mapped_column(Date)
    count: Mapped[int | None]
    sequence: Mapped[int]
    known_until: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    created_by: Mapped[str | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lineage: Mapped[str] = mapped_column(String(32), index=True, server_default="")


class SessionSeriesEndRow(Table):
    """The end that a series had before the word of `cancelled_at` called off its dates to come."""

    __tablename__ = "session_series_ends"

    series_id: Mapped[str] = mapped_column(
        ForeignKey("session_series.id", ondelete="CASCADE"), primary_key=True
    )
    cancelled_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    until: Mapped[date | None] = mapped_column(Date)
    count: Mapped[int | None]


class SessionRow(Table):
    """One session at its date, and what its host decided while it ran."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index("ix_sessions_community_id_starts_at", "community_id", "starts_at"),
        Index("ix_sessions_ends_at", "ends_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    series_id: Mapped[str] = mapped_column(
        ForeignKey("session_series.id", ondelete="CASCADE"), index=True
    )
    community_id: Mapped[str] = mapped_column(ForeignKey("communities.id", ondelete="CASCADE"))
    plan_id: Mapped[str] = mapped_column(
        ForeignKey("session_plans.id", ondelete="CASCADE"), index=True
    )
    original_start: Mapped[datetime] = mapped_column(UtcDateTime)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    own_start: Mapped[bool] = mapped_column(Boolean)
    sequence: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    microphones: Mapped[str] = mapped_column(String(16))
    lamp_id: Mapped[str | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))


class SessionAnswerRow(Table):
    """What one person says of one session. `remind_minutes`: when to write before the start."""

    __tablename__ = "session_answers"
    __table_args__ = (Index("ix_session_answers_person_id", "person_id"),)

    session_id: Mapped[str] = mapped_column(
        ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[str] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    answer: Mapped[str] = mapped_column(String(16))
    companions: Mapped[int]
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    remind_minutes: Mapped[int | None]


class HostNewsRow(Table):
    """That someone's duty at a session changed, to be told at `due_at`.

    `before`: the duty that they last knew of; what it is now is read when it is told.
    """

    __tablename__ = "host_news"

    person_id: Mapped[str] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    session_id: Mapped[str] = mapped_column(
        ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    before: Mapped[str] = mapped_column(String(16))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
