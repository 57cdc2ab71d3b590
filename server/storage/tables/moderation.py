"""The table of those shown out of an office for the day."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from server.storage.tables.base import Table, UtcDateTime


class ExpulsionRow(Table):
    """Somebody may not enter an office until then. Who decided it is not kept."""

    __tablename__ = "expulsions"
    __table_args__ = (Index("ix_expulsions_person_id_office_id", "person_id", "office_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    office_id: Mapped[str] = mapped_column(ForeignKey("offices.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
