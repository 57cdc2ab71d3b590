"""The tables of the house itself: communities, offices, people, invitations and owner links."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    false,
    select,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column

from server.storage.tables.base import Table, UtcDateTime


class CommunityRow(Table):
    """A community."""

    __tablename__ = "communities"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name_fr: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    description_fr: Mapped[str] = mapped_column(String(1000))
    description_en: Mapped[str] = mapped_column(String(1000))
    time_zone: Mapped[str] = mapped_column(String(64))
    listed: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OfficeRow(Table):
    """An office of a community; `position` orders the doors."""

    __tablename__ = "offices"
    __table_args__ = (
        UniqueConstraint("community_id", "slug", name="uq_offices_community_slug"),
        CheckConstraint("capacity >= 1", name="capacity"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    community_id: Mapped[str] = mapped_column(ForeignKey("communities.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(String(64))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(32))
    name_fr: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    description_fr: Mapped[str] = mapped_column(String(1000))
    description_en: Mapped[str] = mapped_column(String(1000))
    capacity: Mapped[int]
    visibility: Mapped[str] = mapped_column(String(32))
    show_names: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PersonRow(Table):
    """Someone known by a name; with an `email`, someone with an account and maybe a card."""

    __tablename__ = "people"
    __table_args__ = (Index("uq_people_email", "email", unique=True),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str | None] = mapped_column(String(254))
    lang: Mapped[str] = mapped_column(String(8))
    notifications: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(120))
    skills: Mapped[str] = mapped_column(String(400))
    can_help: Mapped[str] = mapped_column(String(400))
    looks_for: Mapped[str] = mapped_column(String(400))
    link: Mapped[str] = mapped_column(String(300))
    languages: Mapped[str] = mapped_column(String(120))
    card_shown_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    keeps_server: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    warned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MembershipRow(Table):
    """The role of a person in a community; guests have none."""

    __tablename__ = "memberships"

    person_id: Mapped[str] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    community_id: Mapped[str] = mapped_column(
        ForeignKey("communities.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SessionInvitationRow(Table):
    """The session that an invitation is to, beside the office where it takes place.

    `whole`: it is to the whole series, of which that was the date at hand.
    """

    __tablename__ = "session_invitations"

    invitation_id: Mapped[str] = mapped_column(
        ForeignKey("invitations.id", ondelete="CASCADE"), primary_key=True
    )
    session_id: Mapped[str] = mapped_column(
        ForeignKey("sessions.id", ondelete="CASCADE"), index=True
    )
    whole: Mapped[bool] = mapped_column(Boolean, server_default=false())


class InvitationRow(Table):
    """An invitation; its token stands in clear, because owners copy it again (docs/security.md)."""

    __tablename__ = "invitations"
    __table_args__ = (CheckConstraint("max_uses IS NULL OR uses <= max_uses", name="uses"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    community_id: Mapped[str] = mapped_column(
        ForeignKey("communities.id", ondelete="CASCADE"), index=True
    )
    office_id: Mapped[str | None] = mapped_column(
        ForeignKey("offices.id", ondelete="CASCADE"), index=True
    )
    created_by: Mapped[str | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    note: Mapped[str] = mapped_column(String(400))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    max_uses: Mapped[int | None]
    uses: Mapped[int]
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    role: Mapped[str] = mapped_column(String(32), server_default="guest")
    opens: Mapped[int] = mapped_column(server_default="0")
    first_timers: Mapped[int] = mapped_column(server_default="0")
    session_id: Mapped[str | None] = column_property(
        select(SessionInvitationRow.session_id)
        .where(SessionInvitationRow.invitation_id == id)
        .correlate_except(SessionInvitationRow)
        .scalar_subquery()
    )
    whole: Mapped[bool | None] = column_property(
        select(SessionInvitationRow.whole)
        .where(SessionInvitationRow.invitation_id == id)
        .correlate_except(SessionInvitationRow)
        .scalar_subquery()
    )


class AdmissionRow(Table):
    """One person let in by one invitation, for as long as it is not revoked."""

    __tablename__ = "admissions"
    __table_args__ = (Index("ix_admissions_invitation_id", "invitation_id"),)

    person_id: Mapped[str] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    invitation_id: Mapped[str] = mapped_column(
        ForeignKey("invitations.id", ondelete="CASCADE"), primary_key=True
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OwnerLinkRow(Table):
    """A one-time link that makes its holder the owner; only the token's SHA-256 is kept."""

    __tablename__ = "owner_links"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    community_id: Mapped[str] = mapped_column(
        ForeignKey("communities.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    opens_server: Mapped[bool] = mapped_column(Boolean)
