"""The community that an empty server opens with, so that there is a door to push at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from server.community.communities import Community
from server.community.offices import OfficeDraft, OfficeKind, Visibility
from server.community.text import Bilingual
from server.storage.queries.communities import add_community
from server.storage.queries.offices import add_office

TIME_ZONE = "America/Toronto"

_OFFICES = {
    "cafe": OfficeDraft(
        kind=OfficeKind.CAFE,
        name=Bilingual("Le café", "The Café"),
        description=Bilingual(
            "On jase, on se présente, on demande un coup de main. Micros ouverts bienvenus.",
            "Chat, say hello, ask for a hand. Open microphones welcome.",
        ),
        capacity=12,
        visibility=Visibility.PUBLIC,
        show_names=True,
    ),
    "concentration": OfficeDraft(
        kind=OfficeKind.FOCUS,
        name=Bilingual("Le bureau tranquille", "The Quiet Office"),
        description=Bilingual(
            "Micros fermés, têtes penchées : on avance chacun de son côté, ensemble.",
            "Microphones off, heads down: everyone on their own work, together.",
        ),
        capacity=25,
        visibility=Visibility.PUBLIC,
        show_names=False,
    ),
    "aire-ouverte": OfficeDraft(
        kind=OfficeKind.OPEN_SPACE,
        name=Bilingual("L’aire ouverte", "The Open Space"),
        description=Bilingual(
            "La grande pièce : on travaille côte à côte et on lève la tête quand on veut.",
            "The big room: work side by side, and look up whenever you like.",
        ),
        capacity=50,
        visibility=Visibility.PUBLIC,
        show_names=False,
    ),
}


async def open_demo_community(db: AsyncSession, now: datetime) -> Community:
    """Open « Les Pigistes » with its café, its quiet office and its open space."""
    community = await add_community(
        db,
        slug="les-pigistes",
        name=Bilingual("Les Pigistes", "Les Pigistes"),
        description=Bilingual(
            "Des bureaux pour travailler côte à côte, chacun chez soi.",
            "Offices to work side by side in, each from home.",
        ),
        time_zone=TIME_ZONE,
        now=now,
    )
    for slug, draft in _OFFICES.items():
        await add_office(db, community.id, slug, draft, now)
    return community
