"""Queries about people and their roles."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.community.people import Notification, Person, Role
from server.storage.ids import new_id
from server.storage.tables import AdmissionRow, InvitationRow, MembershipRow, PersonRow


async def person_by_id(db: AsyncSession, person_id: str) -> Person | None:
    """The person of that id."""
    row = await db.get(PersonRow, person_id)
    return person_of(row) if row else None


async def person_by_email(db: AsyncSession, email: str) -> Person | None:
    """The member of that address, which is written as `email_address` writes it."""
    row = await db.scalar(select(PersonRow).where(PersonRow.email == email))
    return person_of(row) if row else None


async def add_person(
    db: AsyncSession, name: str, now: datetime, *, email: str | None = None, lang: str = "fr"
) -> Person:
    """Someone new: a guest, known by a name alone, or a member, who has an address."""
    row = PersonRow(
        id=new_id(),
        name=name,
        email=email,
        lang=lang,
        notifications=written_notifications(frozenset(Notification)),
        title="",
        skills="",
        can_help="",
        looks_for="",
        link="",
        languages="",
        card_shown_at=None,
        keeps_server=False,
        created_at=now,
        seen_at=now,
        warned_at=None,
    )
    db.add(row)
    await db.flush()
    return person_of(row)


async def become_member(db: AsyncSession, person_id: str, email: str, lang: str) -> None:
    """A guest has proved to hold an address."""
    await db.execute(
        update(PersonRow).where(PersonRow.id == person_id).values(email=email, lang=lang)
    )


async def join_where_admitted(db: AsyncSession, person_id: str, now: datetime) -> None:
    """Make someone with an account a member of each community that an invitation opens whole."""
    admitted = (
        select(InvitationRow.community_id)
        .join(AdmissionRow, AdmissionRow.invitation_id == InvitationRow.id)
        .where(
            AdmissionRow.person_id == person_id,
            InvitationRow.office_id.is_(None),
            InvitationRow.revoked_at.is_(None),
            or_(InvitationRow.expires_at.is_(None), InvitationRow.expires_at > now),
        )
        .distinct()
        .limit(200)
    )
    for community_id in list(await db.scalars(admitted)):
        if await role_of(db, community_id, person_id) is Role.GUEST:
            await set_role(db, community_id, person_id, Role.MEMBER, now)


async def keep_server(db: AsyncSession, person_id: str) -> None:
    """Let someone open communities on this server."""
    await db.execute(update(PersonRow).where(PersonRow.id == person_id).values(keeps_server=True))


async def choose_language(db: AsyncSession, person_id: str, lang: str) -> None:
    """Write to someone in that language from now on."""
    await db.execute(update(PersonRow).where(PersonRow.id == person_id).values(lang=lang))


async def rename_person(db: AsyncSession, person_id: str, name: str) -> None:
    """Change the name someone goes by."""
    await db.execute(update(PersonRow).where(PersonRow.id == person_id).values(name=name))


async def forget_guest(db: AsyncSession, person_id: str) -> bool:
    """Erase someone who has neither role nor account; False when they have one."""
    has_role = exists().where(MembershipRow.person_id == person_id)
    result = await db.execute(
        delete(PersonRow)
        .where(PersonRow.id == person_id, PersonRow.email.is_(None), ~has_role)
        .returning(PersonRow.id)
    )
    return result.first() is not None


async def set_role(
    db: AsyncSession, community_id: str, person_id: str, role: Role, now: datetime
) -> None:
    """Give someone a role in a community, instead of the one they had."""
    row = await db.get(MembershipRow, (person_id, community_id))
    if row is None:
        db.add(
            MembershipRow(
                person_id=person_id, community_id=community_id, role=role.value, created_at=now
            )
        )
    else:
        row.role = role.value
    await db.flush()


async def role_of(db: AsyncSession, community_id: str, person_id: str) -> Role:
    """What someone is in a community."""
    row = await db.get(MembershipRow, (person_id, community_id))
    return Role(row.role) if row else Role.GUEST


def written_notifications(wanted: frozenset[Notification]) -> str:
    """How the kinds of letters that someone wants stand in the database."""
    return ",".join(sorted(wanted))


def person_of(row: PersonRow) -> Person:
    """The person of a row."""
    return Person(
        id=row.id,
        name=row.name,
        email=row.email,
        lang=row.lang,
        notifications=frozenset(
            Notification(each) for each in row.notifications.split(",") if each
        ),
        keeps_server=row.keeps_server,
    )
