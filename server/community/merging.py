"""What becomes of a guest who signs in: which identity stays, and which roles it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from server.community.people import Person, Role

RANK = {role: rank for rank, role in enumerate(Role)}


class Arrival(StrEnum):
    """What signing in with an address means for the browser that does it."""

    NEW = "new"  # a stranger with an unknown address: a new member
    BECOME = "become"  # a guest with an unknown address: the guest gets the address
    RETURN = "return"  # a known address: that member, on one more device
    MERGE = "merge"  # a guest with a known address: the member gets what the guest held


@dataclass(frozen=True)
class Outcome:
    """Who the browser is from then on: `stays` (None: someone new); `goes`: who is merged in it."""

    arrival: Arrival
    stays: Person | None
    goes: Person | None = None


def arrive(here: Person | None, known: Person | None) -> Outcome:
    """What happens when the browser of `here` proves to hold the address of `known`.

    A guest without an account keeps everything they have, under the same identity. Someone already
    signed in under another address is not merged: they are two people who share a device.
    """
    if known is None:
        if here is None or here.email is not None:
            return Outcome(Arrival.NEW, None)
        return Outcome(Arrival.BECOME, here)
    if here is None or here.id == known.id or here.email is not None:
        return Outcome(Arrival.RETURN, known)
    return Outcome(Arrival.MERGE, known, here)


def merged_roles(kept: Mapping[str, Role], brought: Mapping[str, Role]) -> dict[str, Role]:
    """The roles by community after a merge: in each, the higher of the two."""
    communities = {*kept, *brought}
    return {
        each: max(kept.get(each, Role.GUEST), brought.get(each, Role.GUEST), key=RANK.__getitem__)
        for each in communities
    }
