"""The data channels of one peer connection: `_reliable`, `_lossy` and `_data_track` (RFC 8831)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from aiortc import InvalidStateError, RTCDataChannel, RTCDataChannelParameters

from rooms.limits import Counters, Limits
from rooms.transport.sctp import GuardedSctp

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Kind:
    """How a channel of ours is opened; the lossy ones drop rather than hold back."""

    ordered: bool
    max_retransmits: int | None


KINDS: dict[str, _Kind] = {
    "_reliable": _Kind(True, None),
    "_lossy": _Kind(False, 0),
    "_data_track": _Kind(False, 0),
}


class DataChannels:
    """Takes the channels that the client opens, or opens ours, and caps what flows either way."""

    def __init__(
        self,
        sctp: GuardedSctp,
        limits: Limits,
        counters: Counters,
        *,
        on_data: Callable[[str, bytes], None],
        on_open: Callable[[str], None],
        now: Callable[[], float],
        opens: bool,
    ) -> None:
        self._sctp = sctp
        self._limits = limits
        self._counters = counters
        self._on_data = on_data
        self._on_open = on_open
        self._now = now
        self._opens = opens
        self._channels: dict[str, RTCDataChannel] = {}
        self._count = 0
        self._second = 0
        self._messages_in_second = 0
        sctp.on("datachannel", self._opened)

    async def begin(self, remote_port: int, max_message_size: int | None) -> None:
        """Start the association, and open our own channels where that is our part."""
        await self._sctp.begin(remote_port, max_message_size)
        if not self._opens:
            return
        for label, kind in KINDS.items():
            parameters = RTCDataChannelParameters(
                label=label, ordered=kind.ordered, maxRetransmits=kind.max_retransmits
            )
            self._use(RTCDataChannel(self._sctp, parameters))

    async def close(self) -> None:
        """End the association."""
        await self._sctp.stop()

    def send(self, label: str, data: bytes) -> bool:
        """Queue a message; False when the channel is not open or too much waits already."""
        channel = self._channels.get(label)
        if channel is None or channel.readyState != "open":
            return False
        if channel.bufferedAmount + len(data) > self._most_buffered(label):
            self._counters.add("data_not_sent_buffer_full")
            return False
        try:
            channel.send(data)
        except (InvalidStateError, ValueError):
            # ValueError: larger than the remote description said it takes.
            self._counters.add("data_not_sent")
            return False
        return True

    def buffered(self, label: str) -> int:
        """Bytes that wait to be sent on a channel."""
        channel = self._channels.get(label)
        return channel.bufferedAmount if channel is not None else 0

    def _most_buffered(self, label: str) -> int:
        if KINDS[label].max_retransmits is None:
            return self._limits.data_buffered_bytes
        return self._limits.data_lossy_buffered_bytes

    def _opened(self, channel: RTCDataChannel) -> None:
        self._count += 1
        if self._count > self._limits.data_channels_per_peer or channel.label not in KINDS:
            self._counters.add("data_channel_refused")
            channel.close()
            return
        self._use(channel)

    def _use(self, channel: RTCDataChannel) -> None:
        label = channel.label
        self._channels[label] = channel
        channel.on("message", lambda message: self._received(label, message))
        channel.on("close", lambda: self._closed(channel))
        channel.on("open", lambda: self._on_open(label))
        if channel.readyState == "open":
            self._on_open(label)

    def _closed(self, channel: RTCDataChannel) -> None:
        if self._channels.get(channel.label) is channel:
            del self._channels[channel.label]
        self._count -= 1

    def _received(self, label: str, message: bytes | str) -> None:
        if isinstance(message, str):
            self._counters.add("data_text_ignored")
            return
        if len(message) > self._limits.data_message_bytes or not self._within_rate():
            self._counters.add("data_message_refused")
            return
        try:
            self._on_data(label, message)
        except Exception:
            # Ours to mend, but inside the DTLS pump it would pass for the client's misbehaviour.
            _log.exception("data message not handled")

    def _within_rate(self) -> bool:
        second = int(self._now())
        if second != self._second:
            self._second = second
            self._messages_in_second = 0
        self._messages_in_second += 1
        return self._messages_in_second <= self._limits.data_messages_per_second
