"""Who may mute and expel whom, and until when."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from server.community.merging import RANK
from server.community.moderation import Act, end_of_day, may_act
from server.community.people import Role

MODERATORS = {Role.HOST, Role.ORGANISER, Role.OWNER}


@pytest.mark.parametrize("act", Act)
def test_only_hosts_and_above_act_and_only_below_themselves(act: Act) -> None:
    for actor, other in product(Role, Role):
        expected = actor in MODERATORS and RANK[actor] > RANK[other]
        assert may_act(actor, other, act) is expected, (actor, other)


def test_the_lamp_mutes_as_a_host_and_expels_nobody() -> None:
    for actor, other in product((Role.GUEST, Role.MEMBER), Role):
        may_mute = other in (Role.GUEST, Role.MEMBER)
        assert may_act(actor, other, Act.MUTE, holds_lamp=True) is may_mute
        assert not may_act(actor, other, Act.EXPEL, holds_lamp=True)
    assert may_act(Role.OWNER, Role.ORGANISER, Act.MUTE, holds_lamp=True)  # it takes nothing away


@pytest.mark.parametrize(
    ("now", "zone", "until"),
    [
        ("2026-03-01T12:00", "America/Toronto", "2026-03-02T05:00"),
        ("2026-03-02T04:59", "America/Toronto", "2026-03-02T05:00"),
        ("2026-03-02T05:00", "America/Toronto", "2026-03-03T05:00"),
        ("2026-03-07T12:00", "America/Toronto", "2026-03-08T05:00"),
        ("2026-03-08T12:00", "America/Toronto", "2026-03-09T04:00"),  # a day of 23 hours
        ("2026-03-01T12:00", "Pacific/Auckland", "2026-03-02T11:00"),
    ],
)
def test_the_day_ends_at_the_communitys_midnight(now: str, zone: str, until: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert end_of_day(moment, ZoneInfo(zone)) == datetime.fromisoformat(until).replace(tzinfo=UTC)
