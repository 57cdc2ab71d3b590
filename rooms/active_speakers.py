"""Who is speaking in a room, as changes worth telling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from livekit.protocol.models import SpeakerInfo

STEPS = 8
"""Levels are told in eighths, so that a steady voice is not news several times a second."""


class ActiveSpeakers:
    """The last told speakers of a room, by participant sid."""

    def __init__(self) -> None:
        self._told: dict[str, int] = {}

    def update(self, levels: Mapping[str, float]) -> tuple[SpeakerInfo, ...]:
        """Take in who speaks how loud (0 to 1; 0 is silence); what changed, loudest first."""
        steps = {sid: max(1, round(level * STEPS)) for sid, level in levels.items() if level > 0}
        changes = [
            SpeakerInfo(sid=sid, level=step / STEPS, active=True)
            for sid, step in steps.items()
            if self._told.get(sid) != step
        ]
        changes += [
            SpeakerInfo(sid=sid, level=0, active=False) for sid in self._told if sid not in steps
        ]
        self._told = steps
        return tuple(sorted(changes, key=lambda one: -one.level))

    def now(self) -> tuple[SpeakerInfo, ...]:
        """Everybody who speaks, for somebody who has just come."""
        return tuple(
            SpeakerInfo(sid=sid, level=step / STEPS, active=True)
            for sid, step in self._told.items()
        )

    def whole(self, sids: Iterable[str]) -> tuple[SpeakerInfo, ...]:
        """Who of these speaks and who does not, for somebody who missed changes."""
        silent = [
            SpeakerInfo(sid=sid, level=0, active=False) for sid in sids if sid not in self._told
        ]
        return (*self.now(), *silent)
