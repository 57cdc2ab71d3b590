"""What a card says: plain values, none of them live: the same words give the same picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

FrontKind = Literal["cafe", "focus", "open_space"]

DRAWING = 1
"""Raised when the drawing changes, so that every picture gets a new address."""
MOST_FRONTS = 4
LONGEST_TEXT = 200


@dataclass(frozen=True)
class Front:
    """One house front: the kind of office, and the name on its sign."""

    kind: FrontKind
    sign: str


@dataclass(frozen=True)
class Card:
    """The words of a card, and its houses from left to right (none: a street without signs)."""

    above: str
    title: str
    below: str
    fronts: tuple[Front, ...] = ()


def card_of(above: str, title: str, below: str, fronts: Sequence[Front] = ()) -> Card:
    """A card of words cut to what a card can hold."""
    held = tuple(Front(each.kind, each.sign[:40]) for each in fronts[:MOST_FRONTS])
    return Card(above[:LONGEST_TEXT], title[:LONGEST_TEXT], below[:LONGEST_TEXT], held)


def to_values(card: Card) -> list[object]:
    """The card as a short list of plain values, to be carried in an address."""
    fronts = [[each.kind, each.sign] for each in card.fronts]
    return [DRAWING, card.above, card.title, card.below, fronts]


def from_values(values: object) -> Card | None:
    """The card that `to_values` made the list of; None for anything else."""
    match values:
        case [int(), str(above), str(title), str(below), [*fronts]]:
            return card_of(above, title, below, [each for each in map(_front, fronts) if each])
    return None


def _front(values: object) -> Front | None:
    match values:
        case ["cafe" | "focus" | "open_space" as kind, str(sign)]:
            return Front(kind, sign)
    return None
