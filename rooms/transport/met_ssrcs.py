"""Which SSRCs a receiving SRTP session has met, so that it keeps the state of so many alone."""

from __future__ import annotations

from collections.abc import Callable

from rooms.transport.srtp import Session, forget_ssrc


class MetSsrcs:
    """Has a session forget the SSRC met first of those that are nobody's, above `most` in all.

    libsrtp keeps each SSRC that was ever authentic, for as long as the session lasts, in a list
    that it walks for each packet: without this, whoever has keys could make both grow for ever.
    """

    __slots__ = ("_met", "_most", "_session")

    def __init__(self, session: Session, most: int) -> None:
        self._session, self._most = session, most
        self._met: dict[int, None] = {}  # in order

    def add(self, ssrc: int, in_use: Callable[[int], bool]) -> None:
        """One that something authentic came from; `in_use` tells those that must stay."""
        met = self._met
        if ssrc in met:
            return
        met[ssrc] = None
        if len(met) <= self._most:
            return
        for oldest in list(met):
            del met[oldest]
            if not in_use(oldest):
                forget_ssrc(self._session, oldest)
                return
            met[oldest] = None  # among the latest again
