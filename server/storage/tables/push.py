"""The tables of web push: the devices that want notices, and the notices that wait."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.storage.tables.base import Table, UtcDateTime


class PushSubscriptionRow(Table):
    """Where and how to reach one device; it goes with the login of that device."""

    __tablename__ = "push_subscriptions"

    login_id: Mapped[str] = mapped_column(
        ForeignKey("logins.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    endpoint: Mapped[str] = mapped_column(String(1000))
    endpoint_hash: Mapped[str] = mapped_column(String(64), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PushNoticeRow(Table):
    """One notice that waits: for a person, then, once due, for each of their devices."""

    __tablename__ = "push_notices"
    __table_args__ = (Index("ix_push_notices_due", "next_try_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    login_id: Mapped[str | None] = mapped_column(
        ForeignKey("push_subscriptions.login_id", ondelete="CASCADE"), index=True
    )
    about: Mapped[str] = mapped_column(String(64), index=True)
    payload: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_try_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int]
