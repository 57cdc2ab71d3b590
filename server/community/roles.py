"""Who may give and take which role in a community: one table."""

from __future__ import annotations

from server.community.merging import RANK
from server.community.people import Role

GIVES: dict[Role, frozenset[Role]] = {
    Role.GUEST: frozenset(),
    Role.MEMBER: frozenset(),
    Role.HOST: frozenset(),
    Role.ORGANISER: frozenset({Role.GUEST, Role.MEMBER, Role.HOST}),
    Role.OWNER: frozenset(Role),
}
"""The roles that each role may give, and take from those who have them. GUEST: to remove."""


HANDED_OVER = frozenset({Role.GUEST, Role.MEMBER})
"""What a link shown to someone without an account may move to another browser: no power over
others, for such a link might be shared."""


def may_change(giver: Role, before: Role, after: Role) -> bool:
    """Whether someone who is `giver` may make someone who is `before` be `after`."""
    return before in GIVES[giver] and after in GIVES[giver]


def choices(giver: Role, before: Role) -> tuple[Role, ...]:
    """The roles that `giver` may leave or give to someone who is `before`, the highest first."""
    if before not in GIVES[giver]:
        return ()
    given = GIVES[giver] - {Role.GUEST}
    return tuple(sorted(given, key=RANK.__getitem__, reverse=True))


def leaves_no_owner(before: Role, after: Role, owners: int) -> bool:
    """Whether a change takes away the only owner that a community has."""
    return before is Role.OWNER and after is not Role.OWNER and owners <= 1
