"""Proposed stops as templates see them, and how many wait for a house's answer."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from server.community.communities import Community
from server.community.people import Person, Role, may_manage
from server.community.tour_proposals import (
    Proposal,
    Slot,
    StopState,
    may_be_asked,
    may_follow,
    may_propose,
)
from server.community.tours import Tour, may_change
from server.i18n import Words
from server.keys import DATABASE
from server.storage.database import Transaction
from server.storage.queries import communities, members, tour_proposals
from server.web.doors import community_url
from server.web.hours import hours_label
from server.web.person import right_now
from server.web.place import Place
from server.web.session_words import day_label, zone_label
from server.web.tour_proposal_views import FollowedState, ProposalRow
from server.web.tour_rows import tour_url


def when_label(slot: Slot, words: Words) -> str:
    """The day and the hours of a stop, where its house is."""
    zone = ZoneInfo(slot.time_zone)
    begin, end = slot.starts_at.astimezone(zone), slot.ends_at.astimezone(zone)
    hours = hours_label(begin, end, words)
    return f"{day_label(begin, words)}, {hours} ({zone_label(begin, words)})"


async def followed(
    db: Transaction, tour: Tour, person: Person | None, words: Words
) -> tuple[list[ProposalRow], bool]:
    """The proposals of a tour that this person follows, and whether they may propose more."""
    if person is None or not may_change(tour, person):
        return [], False
    roles = {each.community.id: each.role for each in await members.places_of(db, person.id)}
    now = right_now()
    rows = [
        _row(tour, proposal, house, words, now)
        for proposal, house in await tour_proposals.proposals_of_tour(db, tour.id)
        if may_follow(proposal, tour, house, person, roles.get(house.id, Role.GUEST))
    ]
    if not may_propose(tour, person, organises=any(map(may_manage, roles.values()))):
        return rows, False
    every = await communities.list_communities(db)
    return rows, any(may_be_asked(each, roles.get(each.id, Role.GUEST)) for each in every)


async def count_waiting(request: web.Request, place: Place) -> int:
    """How many proposals wait for this person's house; 0 for who does not look after it."""
    if not place.can_manage:
        return 0
    async with request.app[DATABASE].reading() as db:
        return await tour_proposals.count_open_to(db, place.community.id, right_now())


def _row(
    tour: Tour, proposal: Proposal, house: Community, words: Words, now: datetime
) -> ProposalRow:
    state, label = _state(proposal, words, now)
    return ProposalRow(
        title=proposal.slot.title.read(words.lang),
        when=when_label(proposal.slot, words),
        house=house.name.read(words.lang),
        house_url=community_url(house),
        state=state,
        state_label=label,
        word=proposal.word,
        withdraw_url=f"{tour_url(tour)}/propositions/{proposal.id}/retirer",
    )


def _state(proposal: Proposal, words: Words, now: datetime) -> tuple[FollowedState, str]:
    _ = words.gettext
    if proposal.state is StopState.DECLINED:
        return "declined", _("Déclinée")
    if proposal.is_open(now):
        return "waiting", _("En attente de réponse")
    return "over", _("Restée sans réponse")
