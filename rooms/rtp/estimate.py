"""How much one subscriber's link carries: what it reports, capped by loss, raised by proof."""

from __future__ import annotations

from rooms.rtp.transport_feedback import TransportFeedback

LEAST = 150_000.0
"""Bits per second below which loss alone never pushes: sound and one small picture."""

_FELL = 0.97  # of the report before
# A browser without a complaint begins, after five seconds, with what came of late, which is less
# than is sent where that still grows, or where it was busy; then it says more in each report.
_BELOW = 0.8
_FAR_BELOW = 0.7
_MUCH_LOSS = 0.15
_LITTLE_LOSS = 0.02
_SOME_LOSS = 0.08
_USUALLY = 2.0  # times what a link loses anyhow, above which losses are those of a full queue
_USUAL_OVER = 5.0  # seconds over which that is known
_FLOOD = 0.35
_DRAINING = 0.85
_FULL = 2.0  # seconds after a falling REMB
_GROWTH = 1.05
_SETTLING = 0.6  # seconds after which what was sent without a complaint counts as carried
_SMOOTHING = 0.12  # of the loss: one bad moment of a radio link is no narrow link
_PATIENCE = 0.5  # seconds between two cuts for loss: the queue of the first must drain


class ReceiverEstimate:
    """A `downlink.Estimator` on REMB and on receivers' complaints of loss; a `feedback.Witness`.

    REMB lags: it grows 8% a second, to one and a half times what arrives. So what was sent for a
    while with neither a falling REMB nor loss is taken for carried, until the next complaint.
    """

    def __init__(self) -> None:
        self.complaints = 0
        self.stirred = False
        self._remb: float | None = None
        self._carried = 0.0
        self._rate = 0.0
        self._loss = self.usual = 0.0
        self._sent_at: float | None = None
        self._loss_cap = float("inf")
        self._fell_at = float("-inf")
        self._cut_at = float("-inf")
        self._limited = self._doubtful = False
        self._fresh_from: float | None = None
        self._unsettled: list[tuple[float, float]] = []

    @property
    def bitrate(self) -> float | None:
        """See `downlink.Estimator`."""
        if not self._limited:
            return None
        reported = float("inf") if self._remb is None else self._remb
        return min(max(reported, self._carried), self._loss_cap)

    @property
    def remb(self) -> float | None:
        """See `downlink.Estimator`."""
        return self._remb

    def reported(self, bitrate: float, now: float) -> None:
        """See `feedback.Witness`; one that falls, or begins below what is sent, is a complaint."""
        before, self._remb = self._remb, float(bitrate)
        if before is None:
            fell = bitrate < _FAR_BELOW * self._rate
            self._doubtful = not fell and bitrate < _BELOW * self._rate
        else:
            fell = bitrate < before * _FELL or (self._doubtful and bitrate <= before)
            self._doubtful = False
        if fell and bitrate < self._rate * 1.5:
            self._fell_at = now
            self._complain()

    def lost(self) -> None:
        """See `feedback.Witness`."""
        self.stirred = True

    def arrived(self, report: TransportFeedback, now: float) -> None:
        """See `feedback.Witness`: nothing, as REMB says what the same arrivals mean."""

    def sent(self, bitrate: float, share: float | None, now: float) -> None:
        """See `downlink.Estimator`."""
        self._rate, loss = bitrate, share or 0.0
        self.stirred = False
        self._loss += (loss - self._loss) * _SMOOTHING
        # Where delay grows as well, losses are those of a full queue: what passes is all there is.
        # Not so on a link that loses as much at any time, and was unsteady for a moment.
        some = max(_SOME_LOSS, _USUALLY * self.usual)
        full = now < self._fell_at + _FULL and loss > some
        elapsed = 0.0 if self._sent_at is None else now - self._sent_at
        self._sent_at = now
        if full or loss > _FLOOD:
            self._cut(self._believed(bitrate * (1 - loss) * _DRAINING), now)
            return
        if share is not None and now >= max(self._fell_at, self._cut_at) + _FULL:
            self.usual += (share - self.usual) * min(1.0, elapsed / _USUAL_OVER)
        if self._loss > _MUCH_LOSS:
            self._cut(bitrate * (1 - self._loss / 2), now)
            return
        if loss < _LITTLE_LOSS and bitrate >= self._loss_cap * 0.75:
            self._loss_cap *= _GROWTH
        if self._fresh_from is None:
            self._fresh_from = now + _SETTLING  # the rate is of what was sent before the complaint
        if now >= self._fresh_from:
            self._unsettled.append((now + _SETTLING, bitrate))
        while self._unsettled and self._unsettled[0][0] <= now:
            carried = self._unsettled.pop(0)[1]
            self._carried = max(self._carried, carried)
            self._loss_cap = max(self._loss_cap, carried)

    def _believed(self, passed: float) -> float:
        """What is left of a full link by which so much seemed to pass.

        Losses are told after what was sent, so it seems more than it is. A receiver that says it
        can take less may be right, but may lag: half way to it, as the next look is near.
        """
        return passed if self._remb is None else min(passed, max(self._remb, passed / 2))

    def _cut(self, left: float, now: float) -> None:
        if now < self._cut_at + _PATIENCE:
            return
        self._cut_at = now
        self._complain()
        self._loss = 0.0
        self._loss_cap = max(LEAST, min(self._loss_cap, left))
        self._carried = left  # REMB may lag far behind what passed

    def _complain(self) -> None:
        self.complaints += 1
        self.stirred = True
        self._limited = True
        self._carried = 0.0
        self._fresh_from = None
        self._unsettled.clear()

    def excuse(self, bitrate: float) -> None:
        """See `downlink.Estimator`."""
        self._carried = max(self._carried, bitrate)
        self._loss_cap = max(self._loss_cap, bitrate)

    def forget(self) -> None:
        """See `downlink.Estimator`."""
        self._limited = False
        self._loss_cap = float("inf")
