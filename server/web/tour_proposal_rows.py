"""Proposed stops as templates see them, and how many wait for a house's answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
    may_reply,
)
from server.community.tours import Tour, may_change
from server.i18n import Words
from server.keys import DATABASE
from server.storage.database import Transaction
from server.storage.queries import communities, members, sessions, tour_proposals
from server.web.doors import community_url
from server.web.hours import hours_label
from server.web.person import right_now
from server.web.place import Place
from server.web.session_words import day_label, zone_label
from server.web.tour_proposal_views import FollowedState, ProposalRow, ToAnswer
from server.web.tour_rows import is_shown, places_of, tour_url


def when_label(slot: Slot, words: Words) -> str:
    """The day and the hours of a stop, where its house is."""
    zone = ZoneInfo(slot.time_zone)
    begin, end = slot.starts_at.astimezone(zone), slot.ends_at.astimezone(zone)
    hours = hours_label(begin, end, words)
    return f"{day_label(begin, words)}, {hours} ({zone_label(begin, words)})"


@dataclass(frozen=True)
class Followed:
    """What waits in a tour, as one person may see it.

    `proposals`: those that they follow, for who changes the tour; `may_propose`: others too.
    `to_answer`: how many wait for houses that they look after.
    """

    proposals: list[ProposalRow] = field(default_factory=list)
    may_propose: bool = False
    to_answer: list[ToAnswer] = field(default_factory=list)


async def followed(db: Transaction, tour: Tour, person: Person | None, words: Words) -> Followed:
    """What waits for an answer in a tour, for those whom it concerns; nothing for others."""
    if person is None:
        return Followed()
    roles = {each.community.id: each.role for each in await members.places_of(db, person.id)}
    changes, organises = may_change(tour, person), any(map(may_manage, roles.values()))
    if not changes and not organises:
        return Followed()
    asked = await tour_proposals.proposals_of_tour(db, tour.id)
    mine = [
        (proposal, house)
        for proposal, house in asked
        if may_follow(proposal, tour, house, person, roles.get(house.id, Role.GUEST))
    ]
    rows = await _rows(db, tour, mine, person, words)
    to_answer = _to_answer(asked, roles, words)
    if not may_propose(tour, person, organises=organises):
        return Followed(rows, to_answer=to_answer)
    every = await communities.list_communities(db)
    others = any(may_be_asked(each, roles.get(each.id, Role.GUEST)) for each in every)
    return Followed(rows, others, to_answer)


async def _rows(
    db: Transaction,
    tour: Tour,
    asked: Sequence[tuple[Proposal, Community]],
    person: Person,
    words: Words,
) -> list[ProposalRow]:
    """Those proposals; one of a session that its house has closed since is not told again."""
    now = right_now()
    found = await sessions.sessions_by_ids(
        db, [proposal.session_id for proposal, _ in asked if proposal.session_id]
    )
    places = await places_of(db, {each.community_id for each in found}, person, now)
    seen = {each.id for each in found if is_shown(places[each.community_id], each)}
    return [
        _row(tour, proposal, house, words, now, is_told=proposal.session_id in {None, *seen})
        for proposal, house in asked
    ]


def _to_answer(
    asked: Sequence[tuple[Proposal, Community]], roles: Mapping[str, Role], words: Words
) -> list[ToAnswer]:
    now = right_now()
    counts = Counter(
        house.id
        for proposal, house in asked
        if proposal.is_open(now) and may_reply(proposal, house, roles.get(house.id, Role.GUEST))
    )
    houses = {house.id: house for _, house in asked}
    return [
        ToAnswer(
            house=houses[house_id].name.read(words.lang),
            label=words.ngettext(
                "%(num)s étape attend votre réponse",
                "%(num)s étapes attendent votre réponse",
                count,
            )
            % {"num": count},
            url=f"{community_url(houses[house_id])}/gerer/propositions",
        )
        for house_id, count in counts.items()
    ]


def summary_of(settled: int, rows: Sequence[ProposalRow], words: Words) -> str:
    """What is settled and what awaits an answer, for who changes a tour; "" while nothing is."""
    waiting = sum(row.state == "waiting" for row in rows)
    if not settled and not waiting:
        return ""
    parts = [
        words.ngettext("%(num)s étape fixée", "%(num)s étapes fixées", settled) % {"num": settled}
    ]
    if waiting:
        told = words.ngettext(
            "%(num)s en attente de réponse", "%(num)s en attente de réponse", waiting
        )
        parts.append(told % {"num": waiting})
    return " · ".join(parts)


async def count_waiting(request: web.Request, place: Place) -> int:
    """How many proposals wait for this person's house; 0 for who does not look after it."""
    if not place.can_manage:
        return 0
    async with request.app[DATABASE].reading() as db:
        return await tour_proposals.count_open_to(db, place.community.id, right_now())


def _row(
    tour: Tour, proposal: Proposal, house: Community, words: Words, now: datetime, *, is_told: bool
) -> ProposalRow:
    state, label = _state(proposal, words, now)
    closed = words.gettext("Une séance que sa maison a réservée depuis")
    return ProposalRow(
        title=proposal.slot.title.read(words.lang) if is_told else closed,
        when=when_label(proposal.slot, words) if is_told else "",
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
