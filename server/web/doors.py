"""The doors as templates see them: addresses, labels, who is in, and whether one may enter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rooms.presence import Presence, Present
from server.community.communities import Community
from server.community.entry import Refusal, is_invited, refusal
from server.community.offices import Office, OfficeKind, Visibility
from server.community.people import identity_of, may_manage
from server.i18n import Words
from server.web.place import Place
from server.web.session_views import SessionView
from server.web.views import CommunityRef, OfficeView

MOST_NAMES = 50


def community_url(community: Community) -> str:
    """The façade's address on this server."""
    return f"/c/{community.slug}"


def office_url(community: Community, office: Office) -> str:
    """The door page's address on this server."""
    return f"/c/{community.slug}/{office.slug}"


def kind_label(kind: OfficeKind, words: Words) -> str:
    """What a kind of office is called."""
    _ = words.gettext
    return {
        OfficeKind.CAFE: _("Café"),
        OfficeKind.FOCUS: _("Concentration"),
        OfficeKind.OPEN_SPACE: _("Aire ouverte"),
    }[kind]


def local_hour(community: Community, now: datetime) -> int:
    """The hour, 0 to 23, where the community is."""
    return now.astimezone(zone_of(community)).hour


def zone_of(community: Community) -> ZoneInfo:
    """The community's time zone; UTC where this machine does not know it."""
    try:
        return ZoneInfo(community.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def shown_names(office: Office, present: Sequence[Present]) -> list[str] | None:
    """The names on the door, the longest there first; None unless the office shows them."""
    return [each.name for each in present[:MOST_NAMES]] if office.show_names else None


def is_inside(place: Place, present: Sequence[Present]) -> bool:
    """Whether the person is among those present, maybe on another device."""
    if place.person is None:
        return False
    identity = identity_of(place.person, place.standing.role)
    return any(each.identity == identity for each in present)


def refusal_at(place: Place, office: Office, presence: Presence) -> Refusal | None:
    """Why the person may not enter that office at this moment."""
    present = presence.who(office.id)
    return refusal(
        place.person,
        place.standing,
        office,
        count=len(present),
        already_inside=is_inside(place, present),
    )


def community_ref(place: Place, words: Words) -> CommunityRef:
    """The place's community, for a heading."""
    url = community_url(place.community)
    return CommunityRef(
        slug=place.community.slug,
        name=place.community.name.read(words.lang),
        url=url,
        can_manage=place.can_manage,
        manage_url=f"{url}/gerer" if place.can_manage else "",
    )


def office_view(
    place: Place,
    office: Office,
    presence: Presence,
    words: Words,
    next_session: SessionView | None = None,
) -> OfficeView:
    """One door, as of now."""
    present = presence.who(office.id)
    url = office_url(place.community, office)
    is_full = len(present) >= office.capacity
    has_seat = not is_full or may_manage(place.standing.role) or is_inside(place, present)
    return OfficeView(
        id=office.id,
        slug=office.slug,
        name=office.name.read(words.lang),
        description=office.description.read(words.lang),
        kind=office.kind.value,
        kind_label=kind_label(office.kind, words),
        capacity=office.capacity,
        count=len(present),
        names=shown_names(office, present),
        url=url,
        enter_url=f"{url}/salle",
        open_to="all" if office.visibility is Visibility.PUBLIC else "invited",
        may_enter=is_invited(place.standing, office) and has_seat,
        full=is_full,
        next_session=next_session,
    )
