"""What sender and receiver reports say: loss, jitter and a sender's clock (RFC 3550)."""

from __future__ import annotations

from rooms.rtp.rtcp import ReportBlock
from rooms.rtp.sequence import Sequence

_DISTINCT = 1 << 16
"""Of NTP time: as much as the middle 32 bits, by which receivers name a report, tell apart."""


class Reception:
    """Counts of one received SSRC, for its report blocks (RFC 3550 sections 6.4.1 and A.8)."""

    __slots__ = (
        "_expected_prior", "_last_sr", "_last_sr_at", "_received_prior", "clock_rate", "expected",
        "jitter", "missing", "received", "transit",
    )  # fmt: skip

    def __init__(self, clock_rate: int) -> None:
        self.clock_rate = clock_rate
        self.received = 0
        self.jitter = 0.0  # in timestamp units
        self.expected = self.missing = 0  # in the interval of the last block made
        self.transit: int | None = None  # of the newest frame, in timestamp units
        self._expected_prior = 0
        self._received_prior = 0
        self._last_sr = 0
        self._last_sr_at: float | None = None

    def arrived(self, timestamp: int, now: float) -> None:
        """Take the first packet of a frame into the jitter; `timestamp` is its RTP one."""
        transit = (int(now * self.clock_rate) - timestamp) & 0xFFFFFFFF
        before = self.transit
        self.transit = transit
        if before is not None:
            difference = abs(((transit - before + 0x80000000) & 0xFFFFFFFF) - 0x80000000)
            # A sender that jumped is not a jittery network.
            if difference < self.clock_rate * 5:
                self.jitter += (difference - self.jitter) / 16

    def sender_report(self, ntp: int, now: float) -> None:
        """Note the sender's report, to be quoted in our blocks."""
        self._last_sr = ntp >> 16 & 0xFFFFFFFF
        self._last_sr_at = now

    def block(self, ssrc: int, sequence: Sequence, now: float) -> ReportBlock:
        """The report block on this SSRC since the last one."""
        expected = sequence.highest - sequence.first + 1
        lost = max(-0x800000, min(0x7FFFFF, expected - self.received))
        interval = expected - self._expected_prior
        missing = interval - (self.received - self._received_prior)
        self._expected_prior, self._received_prior = expected, self.received
        self.expected, self.missing = max(0, interval), max(0, missing)
        fraction = self.missing * 256 // self.expected if self.expected else 0
        delay = 0 if self._last_sr_at is None else int((now - self._last_sr_at) * 65536)
        return ReportBlock(
            ssrc=ssrc,
            fraction_lost=min(255, fraction),
            lost=lost,
            highest=sequence.extended,
            jitter=int(self.jitter) & 0xFFFFFFFF,
            last_sr=self._last_sr,
            delay=min(delay, 0xFFFFFFFF),
        )


class SenderClock:
    """How a publisher's RTP timestamps relate to its NTP clock, from its latest sender report."""

    __slots__ = ("_at", "_ntp", "_rate", "_timestamp", "known")

    def __init__(self, clock_rate: int) -> None:
        self._rate = clock_rate
        self._ntp = 0.0  # seconds since 1900
        self._timestamp = 0
        self._at = 0.0
        self.known = False

    def update(self, ntp: int, timestamp: int, now: float) -> bool:
        """Take a report: 64-bit NTP time and RTP timestamp. True for the first one."""
        self._ntp, self._timestamp, self._at = ntp / 4294967296, timestamp, now
        first = not self.known
        self.known = True
        return first

    def at(self, now: float) -> tuple[float, int]:
        """The publisher's NTP time (seconds) and RTP timestamp at `now`, extrapolated."""
        elapsed = now - self._at
        return self._ntp + elapsed, (self._timestamp + round(elapsed * self._rate)) & 0xFFFFFFFF

    def stamp(self, now: float, after: int) -> tuple[int, int]:
        """The 64-bit NTP time and the RTP timestamp of one moment: now, but past the time `after`.

        A report that came late sets the clock back; both go on together then.
        """
        seconds, timestamp = self.at(now)
        ntp, least = int(seconds * 4294967296), after + _DISTINCT
        if ntp < least:
            timestamp += round((least - ntp) / 4294967296 * self._rate)
            ntp = least
        return ntp, timestamp & 0xFFFFFFFF

    def ntp_of(self, timestamp: int) -> float:
        """The publisher's NTP time of one of its RTP timestamps."""
        ahead = ((timestamp - self._timestamp + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        return self._ntp + ahead / self._rate

    def timestamp_of(self, ntp: float) -> int:
        """The RTP timestamp of one of the publisher's NTP times."""
        return (self._timestamp + round((ntp - self._ntp) * self._rate)) & 0xFFFFFFFF
