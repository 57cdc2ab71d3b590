"""Communities: a group of people and its offices."""

from __future__ import annotations

from dataclasses import dataclass

from server.community.text import Bilingual


@dataclass(frozen=True)
class Community:
    """A group of people and its offices; `listed` in the public directory of its server, or not."""

    id: str
    slug: str
    name: Bilingual
    description: Bilingual
    time_zone: str
    listed: bool = True
