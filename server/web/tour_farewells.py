"""When who proposed stops of tours goes, or organises no house any more: what waits is withdrawn.

The houses that were asked learn it, in the transaction in which it goes; nothing names who went.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aiohttp import web

from server.community.communities import Community
from server.community.people import may_manage
from server.community.tour_proposals import Proposal
from server.community.tours import Tour
from server.storage.database import Transaction
from server.storage.queries import members, people, tour_proposals, tours
from server.web.tour_news import Teller, tell_proposer_of_withdrawn, tell_withdrawn

Left = list[tuple[Tour, Community, list[Proposal]]]
"""What somebody leaves unanswered, or answered with a no, by tour and by house."""


async def left_by(db: Transaction, person_id: str) -> Left:
    """What goes when that person is erased: their proposals, and those of a tour without a stop."""
    return await _by_house(db, await tour_proposals.left_by(db, person_id))


async def tell_left_behind(
    app: web.Application, db: Transaction, left: Left, now: datetime, by_id: str = ""
) -> None:
    """It is gone: no letter that says who proposed it stays, and the houses learn it."""
    for tour, house, proposals in left:
        await tell_withdrawn(db, Teller(app, by_id, now), tour, house, proposals)


async def withdraw_of_former(
    app: web.Application, db: Transaction, person_id: str, now: datetime
) -> None:
    """Somebody lost a role: who organises no house any more proposes nothing to others.

    What they were answered stays, and so do their tours with the stops that houses said yes to.
    """
    person = await people.person_by_id(db, person_id)
    roles = [each.role for each in await members.places_of(db, person_id)]
    if person is None or person.keeps_server or any(map(may_manage, roles)):
        return
    left = await _by_house(db, await tour_proposals.withdraw_waiting(db, person_id))
    await tell_left_behind(app, db, left, now, person_id)
    for tour, house, proposals in left:
        await tell_proposer_of_withdrawn(db, Teller(app, "", now), tour, house, person, proposals)


async def _by_house(db: Transaction, found: Sequence[tuple[Proposal, Community]]) -> Left:
    by_pair: dict[tuple[str, str], list[Proposal]] = {}
    houses = {house.id: house for _, house in found}
    for proposal, house in found:
        by_pair.setdefault((proposal.tour_id, house.id), []).append(proposal)
    known = {each: await tours.tour_by_id(db, each) for each, _ in by_pair}
    return [
        (tour, houses[house_id], proposals)
        for (tour_id, house_id), proposals in by_pair.items()
        if (tour := known[tour_id]) is not None
    ]
