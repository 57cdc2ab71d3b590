"""What of its videos is sent to one subscriber: as much as its link carries, from time to time."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

from rooms.rtp.allocation import PAUSED, Demand, Step, allocate, cost, costs_above
from rooms.rtp.layers import HIGHEST
from rooms.rtp.outgoing import OutgoingStream
from rooms.rtp.probing import Probing
from rooms.rtp.thinning import ALL
from rooms.rtp.traffic import Traffic

HOLD = 10.0
"""Seconds after a downgrade in which nothing is raised."""
DARK_HOLD = 3.0
"""The same where nothing is left to be seen, and after a complaint for which nothing was lowered: a
moment's trouble must not cost ten dark seconds."""
SPARED, UNSPARED = 4.0, 16.0
"""Times what sound takes: below the first a link carries none of what sound repeats, above the
second all of it again. Half a million bits a second for one who speaks, without a third of that."""
CALM = 30.0
"""Seconds without a complaint, everybody at their best, after which no limit is known any more."""
LOOKS = 0.2
SLOW_LOOKS = 1.0
"""Seconds between two looks at a link: with a known limit, and without."""
_EXCUSED = 1.0  # seconds after a failed probe in which complaints are still about it
_RELIEF = 3.0  # seconds after repeats were left out in which nothing pauses: the queue must drain
_DRAINED = 1.5  # seconds after a downgrade in which complaints may still be about what was before
_DOUBTED = 1.0  # seconds for which one complaint alone does not take the last picture away
_REMEMBERED = 5.0  # seconds after which a complaint is not the second one but a first
_USABLE = 0.95
_REPORTED = 0.85 * 0.9  # of what comes, that a receiver says after a moment's unsteadiness
_VOICE = 40_000.0  # bits per second of one who speaks: silence makes no room
_ALL = Step(HIGHEST, ALL, 0.0)

Chosen = dict[Hashable, int]


@dataclass(frozen=True, slots=True)
class View:
    """A video that the subscriber looks at: its stream, and the best of it that is of use."""

    out: OutgoingStream
    priority: int = 0
    spatial: int = HIGHEST
    temporal: int = ALL

    def demand(self) -> Demand:
        """The same as the allocator sees it."""
        track = self.out.track
        steps = track.steps(self.spatial, self.temporal) if track is not None else ()
        return Demand(self.out, self.priority, steps)


class Estimator(Protocol):
    """Says how many bits per second may be sent to one subscriber.

    With `feedback.Witness` the seam for another kind, such as one of our own on transport-wide
    feedback: it would hear of what is sent by `sent` and of what arrived by `Witness.arrived`.
    """

    @property
    def bitrate(self) -> float | None:
        """Bits per second in all; None while nothing ever spoke of a limit."""

    @property
    def remb(self) -> float | None:
        """Bits per second that the receiver says it can take, which losses alone do not lower."""

    @property
    def usual(self) -> float:
        """The share of what is sent that goes missing anyhow, however little it is."""

    @property
    def complaints(self) -> int:
        """How often the link was found too narrow so far."""

    @property
    def stirred(self) -> bool:
        """Whether the link spoke of trouble since `sent` was last called."""

    def sent(self, bitrate: float, loss: float | None, now: float) -> None:
        """What was sent of late, in bits per second, and the share of it reported missing, if that
        can be told."""

    def excuse(self, bitrate: float) -> None:
        """The last complaint was about a probe: so much went well before it."""

    def forget(self) -> None:
        """All that is wanted has long been sent without a complaint: there is no known limit."""


class Downlink:
    """Steers the videos of one subscriber by `estimator`; `paused` are those that do not fit.

    The last goes only where less comes than its least, sound and what is lost anyhow explain.

    Downgrades are immediate. Upgrades wait 10 s after one (3 s where all is dark), and for a proof
    that they fit: that is what `padding` is for.
    """

    def __init__(self, estimator: Estimator) -> None:
        self._estimator = estimator
        self._traffic = Traffic()
        self._probing = Probing()
        self._steps: dict[OutgoingStream, Step | None] = {}
        self._views: tuple[View, ...] = ()
        self._complaints = 0
        self._quiet_since = 0.0
        self._hold = 0.0
        self._excused_until = 0.0
        self._good_rate = 0.0
        self._dry = self._sparing = False
        self._relieved_until = 0.0
        self._lowered_at = self._doubted_at = float("-inf")
        self._next = 0.0
        self.paused: frozenset[OutgoingStream] = frozenset()

    def due(self, now: float) -> bool:
        """Whether there is something to look at: ask before `tick`, it costs nothing."""
        return now >= self._next or self._estimator.stirred

    @property
    def padding(self) -> tuple[float, float] | None:
        """Bits per second of repeats that a probe wants, and until when; None without one."""
        probing = self._probing
        return (probing.bitrate, probing.until) if probing.active and not self._dry else None

    def tick(self, views: Sequence[View], sounds: Collection[OutgoingStream], now: float) -> None:
        """Look at what became of what was sent, and decide anew."""
        estimator, traffic = self._estimator, self._traffic
        traffic.look([view.out for view in views], sounds, now)
        estimator.sent(traffic.bitrate, traffic.loss, now)
        complained = self._complained(now)
        limit = estimator.bitrate
        self._next = now + (SLOW_LOOKS if limit is None else LOOKS)
        self._spare(sounds, limit, now, pictures=bool(views))
        if limit is None:
            self._give_all(views)
        else:
            demands = [demand for demand in (view.demand() for view in views) if demand.steps]
            chosen = self._fit(limit, demands, complained, tuple(views) != self._views, now)
            self._probe(demands, chosen, now)
            self._apply(views, demands, chosen, complained)
        self._views = tuple(views)

    def _spare(
        self, sounds: Collection[OutgoingStream], limit: float | None, now: float, *, pictures: bool
    ) -> None:
        """Leave out what sound repeats where that costs pictures.

        Not where packets are lost at random, which is what repeats are for: by what the receiver
        says it can take, and only once the link was found too narrow.
        """
        room, sound = self._estimator.remb, self._traffic.sound
        if limit is None or room is None or room > UNSPARED * max(sound, _VOICE):
            self._sparing = False
        elif pictures and room < SPARED * sound and not self._sparing:
            self._sparing = True
            self._relieved_until = now + _RELIEF
        for out in sounds:
            out.spare(self._sparing)

    def _give_all(self, views: Sequence[View]) -> None:
        for view in views:
            view.out.allow(HIGHEST, view.temporal)
        self._steps = dict.fromkeys((view.out for view in views), _ALL)
        self.paused = frozenset()

    def _complained(self, now: float) -> bool:
        """Whether the link was found too narrow of late, not just for a probe."""
        estimator = self._estimator
        if self._probing.check(estimator.complaints, now):
            self._excused_until = now + _EXCUSED
        if estimator.complaints == self._complaints:
            return False
        self._complaints = estimator.complaints
        self._quiet_since = now
        if now < self._excused_until:
            estimator.excuse(self._good_rate)
            return False
        return True

    def _fit(
        self, limit: float, demands: list[Demand], complained: bool, changed: bool, now: float
    ) -> Chosen:
        current = {demand.key: self._current(demand) for demand in demands}
        used = cost(demands, current)
        budget = limit * _USABLE - self._traffic.sound
        if not complained:
            budget = max(budget, used)
        ideal = allocate(budget, demands)
        lowered = any(ideal[key] < at for key, at in current.items())
        if complained and lowered:
            floor = 0 if now < self._relieved_until else PAUSED
            kept = {key: min(max(at, floor), current[key]) for key, at in ideal.items()}
            dark = all(at == PAUSED for at in kept.values())
            if dark:
                shown = [demand for demand in demands if current[demand.key] != PAUSED]
                last = max(shown, key=lambda demand: demand.priority)
                least = last.steps[0].bitrate + self._traffic.sound
                if limit >= _REPORTED * (1 - self._estimator.usual) * least or self._hasty(now):
                    kept[last.key] = 0
                    dark = False
            if kept != current:
                self._lowered_at = now
                self._hold = now + (DARK_HOLD if dark else HOLD)
            else:
                self._hold = max(self._hold, now + DARK_HOLD)
            self._probing.put_off(self._hold, anew=dark)
            return kept
        if changed:
            return ideal
        resumed = any(at == PAUSED and ideal[key] != PAUSED for key, at in current.items())
        return current if (lowered and not resumed) or now < self._hold else ideal

    def _hasty(self, now: float) -> bool:
        """Whether it is too soon to believe that not even one smallest picture fits.

        What a receiver reports is 85% of what it measured, over a queue filled by what came before.
        """
        if now >= self._doubted_at + _REMEMBERED:
            self._doubted_at = now
        return now < max(self._lowered_at + _DRAINED, self._doubted_at + _DOUBTED)

    def _current(self, demand: Demand) -> int:
        """The step that this demand has now, in its present steps; what is new begins low."""
        if demand.key not in self._steps:
            return PAUSED
        step = self._steps[demand.key]
        if step is None:
            return PAUSED
        within = [
            index
            for index, each in enumerate(demand.steps)
            if (each.spatial, each.temporal) <= (step.spatial, step.temporal)
        ]
        return max(within, default=0)

    def _probe(self, demands: list[Demand], chosen: Chosen, now: float) -> None:
        costs = costs_above(demands, chosen)
        if costs is None:
            if now - self._quiet_since >= CALM:
                self._estimator.forget()
            return
        if now < self._hold or not self._probing.may_start(now):
            return
        least, whole = costs
        used = cost(demands, chosen) + self._traffic.sound
        self._good_rate = self._traffic.bitrate
        # Twice what is used already, if that much is wanted: few tries lead far.
        self._probing.start(max(least, min(whole, used)), used, self._complaints, now)
        self._dry = all(at == PAUSED for at in chosen.values())
        if self._dry:
            # Nothing that could be repeated: the least of one track is the try.
            chosen.update(allocate(least, demands))

    def _apply(
        self, views: Sequence[View], demands: list[Demand], chosen: Chosen, complained: bool
    ) -> None:
        temporal = {view.out: view.temporal for view in views}
        kept: dict[OutgoingStream, Step | None] = {}
        for demand in demands:
            out, at = demand.key, chosen[demand.key]
            assert isinstance(out, OutgoingStream)
            kept[out] = demand.steps[at] if at != PAUSED else None
            if at == PAUSED:
                out.allow(None)
                continue
            step = demand.steps[at]
            whole = at + 1 == len(demand.steps) or demand.steps[at + 1].spatial > step.spatial
            best = at + 1 == len(demand.steps)
            out.allow(
                HIGHEST if best else step.spatial,
                temporal[out] if whole else step.temporal,
                at_once=complained,
            )
        self._steps = kept
        self.paused = frozenset(out for out, step in kept.items() if step is None)
