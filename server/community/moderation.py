"""Who may act on whom in an office: mute a microphone, show someone out for the day."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from server.community.merging import RANK
from server.community.people import Role


class Act(StrEnum):
    """What someone who looks after an office may do to someone in it."""

    MUTE = "mute"
    EXPEL = "expel"


def may_act(actor: Role, other: Role, act: Act, *, holds_lamp: bool = False) -> bool:
    """Whether someone who is `actor` may do that to someone who is `other`: never to an equal.

    Who holds the lamp of the running session mutes as a host does, whatever their role. They do
    not expel: anybody present may take the lamp while its hosts are away.
    """
    reach = RANK[actor]
    if holds_lamp and act is Act.MUTE:
        reach = max(reach, RANK[Role.HOST])
    return reach >= RANK[Role.HOST] and reach > RANK[other]


def end_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    """The next midnight in `zone`, in UTC: until when someone shown out stays out."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone).astimezone(UTC)
