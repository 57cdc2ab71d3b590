"""bench.json: what every bench found, a flat object of names and numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

PLACE = Path("bench.json")


def keep(found: Mapping[str, float]) -> None:
    """Write what one bench found, beside what others did."""
    known: dict[str, float] = json.loads(PLACE.read_text()) if PLACE.exists() else {}
    PLACE.write_text(json.dumps(known | dict(found), indent=2) + "\n")
