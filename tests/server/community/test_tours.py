"""What tours show of their stops, and what may be one: by tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from server.community.communities import Community
from server.community.entry import STRANGER, Standing
from server.community.offices import Office, OfficeKind, Visibility
from server.community.people import Role
from server.community.sessions import OpenTo, Plan, Session, phases_lasting
from server.community.text import Bilingual
from server.community.tour_proposals import may_stand, may_take_place
from server.community.tours import may_show

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
SOON = NOW + timedelta(days=1)
LISTED = Community("c", "c", Bilingual("C"), Bilingual(""), "Europe/Paris")
HIDDEN = replace(LISTED, listed=False)
OPEN = Office(
    id="o",
    community_id="c",
    slug="o",
    name=Bilingual("O"),
    description=Bilingual(""),
    kind=OfficeKind.CAFE,
    capacity=8,
    visibility=Visibility.PUBLIC,
    show_names=False,
    position=0,
)
CLOSED = replace(OPEN, visibility=Visibility.INVITATION)
MEMBER, GUEST_OF_ONE = Standing(Role.MEMBER), Standing(office_ids=frozenset({"o"}))
GUEST_OF_ALL = Standing(whole_community=True)


def session(open_to: OpenTo = OpenTo.ALL) -> Session:
    plan = Plan(
        title=Bilingual("S"),
        text=Bilingual(""),
        theme="",
        office_id="o",
        host_id=None,
        co_host_ids=(),
        phases=phases_lasting(60),
        capacity=None,
        open_to=open_to,
    )
    return Session("s", "sr", "c", "Europe/Paris", False, plan, SOON, SOON, False, 0, NOW)


@pytest.mark.parametrize(
    ("house", "office", "open_to", "standing", "is_shown"),
    [
        (LISTED, OPEN, OpenTo.ALL, STRANGER, True),
        (LISTED, CLOSED, OpenTo.MEMBERS, STRANGER, True),  # as on the house's own list
        (HIDDEN, OPEN, OpenTo.ALL, STRANGER, True),  # announced for all, by a house that said yes
        (HIDDEN, OPEN, OpenTo.MEMBERS, STRANGER, False),
        (HIDDEN, CLOSED, OpenTo.ALL, STRANGER, False),
        (HIDDEN, CLOSED, OpenTo.MEMBERS, STRANGER, False),
        (HIDDEN, CLOSED, OpenTo.MEMBERS, MEMBER, True),
        (HIDDEN, CLOSED, OpenTo.MEMBERS, GUEST_OF_ONE, True),
        (HIDDEN, CLOSED, OpenTo.INVITED, GUEST_OF_ALL, True),
    ],
)
def test_whom_a_tour_shows_a_stop(
    house: Community, office: Office, open_to: OpenTo, standing: Standing, is_shown: bool
) -> None:
    assert may_show(house, session(open_to), office, standing) is is_shown


@pytest.mark.parametrize(
    ("role", "may"), [(each, each in ("host", "organiser", "owner")) for each in Role]
)
def test_who_announces_a_stop_in_an_office(role: Role, may: bool) -> None:
    for office in (OPEN, CLOSED):
        assert may_take_place(LISTED, role, office) is may
        assert not may_take_place(LISTED, role, replace(office, community_id="another"))


@pytest.mark.parametrize(
    ("found", "may"),
    [
        (session(), True),
        (session(OpenTo.MEMBERS), True),
        (session(OpenTo.INVITED), False),
        (replace(session(), cancelled_at=NOW), False),
        (replace(session(), starts_at=NOW), False),
    ],
)
def test_which_sessions_may_be_stops(found: Session, may: bool) -> None:
    assert may_stand(found, NOW) is may
