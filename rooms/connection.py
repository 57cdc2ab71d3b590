"""A participant's peer connections, one (v1) or two (v0), and whose turn it is to offer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from rooms.data_packets import RELIABLE
from rooms.errors import LimitExceeded, LocalError
from rooms.events import Described, Event, SectionsRequired
from rooms.transport.slots import OutgoingTrack

if TYPE_CHECKING:
    from rooms.rtp.incoming import IncomingTrack
    from rooms.rtp.outgoing import OutgoingStream
    from rooms.tracks import PublishedTrack
    from rooms.transport.peer import Peer
    from rooms.transport.server import RtcServer

log = logging.getLogger(__name__)

Soon = Callable[[Callable[[], None]], object]
"""Runs a function shortly after the current one, as `loop.call_soon` does."""


HELD, HELD_BYTES = 64, 64 * 1024
"""Messages, and bytes of each, that wait for a channel that is not open yet."""

REMINDER = 3.0
"""Seconds after which a client that makes no offer is asked for it again."""


class Owner(Protocol):
    """What the connection tells the participant that it belongs to."""

    def tell(self, event: Event) -> None:
        """Pass `event` on to the client."""

    def negotiated(self) -> None:
        """Sections changed: streams may have got, or lost, theirs."""

    def connected(self) -> None:
        """The connection that matters most is up for the first time."""

    def disconnected(self, reason: str) -> None:
        """A peer connection is gone for good."""

    def codec_of(self, kind: str, msid: str) -> str:
        """The codec in which the client said it would send a track; '' when it did not."""

    def media_began(self, mid: str, msid: str, track: IncomingTrack) -> None:
        """The client sends media in section `mid`."""

    def media_ended(self, mid: str) -> None:
        """The client sends no media in section `mid` any more."""

    def received(self, label: str, data: bytes) -> None:
        """A message came on the data channel `label`."""


class Connection:
    """One participant's transport; implements `PeerListener` for each of its peers.

    v1 (`single`): the client always offers; when we need a fresh offer we say how many sections
    are missing. v0: the client offers what it publishes, we offer what it receives.
    """

    def __init__(self, rtc: RtcServer, owner: Owner, soon: Soon, *, single: bool) -> None:
        self._owner = owner
        self._soon = soon
        self.single = single
        self.publisher: Peer = rtc.create_peer(self)
        self.subscriber: Peer = self.publisher
        if not single:
            try:
                self.subscriber = rtc.create_peer(self, offers=True)
            except LimitExceeded:
                self.publisher.close_soon()
                raise
        self._scheduled = False
        self._outstanding = False
        self._waiting_since: float | None = None
        self._changed = False
        self._offer_id = 0
        self._closed = False
        self._opened: set[str] = set()
        self._held: list[bytes] = []
        self.subscriber.on_data_open = self._data_opened

    @property
    def peers(self) -> tuple[Peer, ...]:
        """One or two peer connections."""
        return (self.publisher,) if self.single else (self.publisher, self.subscriber)

    def heard(self, now: float, seconds: float) -> bool:
        """Whether the client's checks reached us within so many seconds, as far as is known."""
        return self.publisher.agent.consents(now, seconds)

    def answer(self, sdp: str, offer_id: int) -> None:
        """Answer the client's offer; raises SdpError or NegotiationError."""
        answer = self.publisher.answer(sdp, self._owner.codec_of)
        mids = answer.mid_to_track_id if self.single else {}
        self._owner.tell(Described("answer", answer.sdp, offer_id, mids))
        if not self.single:
            return
        self._outstanding = False
        self._waiting_since = None
        self._changed = False
        self._owner.negotiated()
        if answer.missing_audios or answer.missing_videos:
            self.renegotiate()

    def accept_answer(self, sdp: str, offer_id: int) -> None:
        """The client answered our offer (v0); raises SdpError or NegotiationError."""
        if self.single or not self._outstanding or offer_id not in (0, self._offer_id):
            return
        self._outstanding = False
        self.subscriber.accept_answer(sdp)
        self._owner.negotiated()
        if self._changed:
            self.renegotiate()

    def send(self, track: PublishedTrack) -> None:
        """Begin to send `track` to this participant, once a section is agreed."""
        assert track.incoming is not None
        self.subscriber.add_outgoing(
            OutgoingTrack(
                track_id=track.sid,
                stream_id=f"{track.publisher.sid}|{track.info.stream or 'main'}",
                kind=track.incoming.kind,
                codec=track.codec,
                source=track.choice,
                backups=track.backups,
            )
        )
        self.renegotiate()

    def stop_sending(self, track_sid: str) -> None:
        """Send `track_sid` no more; its section is given back at the next negotiation."""
        if not self._closed:
            self.subscriber.remove_outgoing(track_sid)
            self.renegotiate()

    def outgoing(self, track_sid: str) -> OutgoingStream | None:
        """The stream that carries `track_sid` to this participant, once it has a section."""
        return self.subscriber.outgoing(track_sid)

    def decodes(self, track: PublishedTrack) -> bool:
        """Whether the client can receive a codec of `track`, as far as it has said."""
        return self.subscriber.decodes(track.kind, track.codec, *track.backups)

    def send_data(self, label: str, data: bytes) -> bool:
        """Send on the data channel `label`; False when it is not open or too full.

        Reliable messages wait for their channel, which opens a moment after the media does.
        """
        if self._closed:
            return False
        if label == RELIABLE and label not in self._opened:
            if len(self._held) >= HELD or len(data) > HELD_BYTES:
                return False
            self._held.append(data)
            return True
        return self.subscriber.send_data(label, data)

    def renegotiate(self) -> None:
        """Have the sections agreed anew, once for all that changes before the loop turns."""
        self._changed = True
        if not self._scheduled and not self._closed:
            self._scheduled = True
            self._soon(self._negotiate)

    def tick(self, now: float) -> None:
        """Ask again for an offer that does not come (v1).

        LiveKit's Rust SDK forgets to offer when it is asked while it writes the offer before.
        """
        if not self.single or not self._outstanding:
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = now
        elif now - self._waiting_since >= REMINDER:
            self._waiting_since = None
            self._outstanding = False
            self.renegotiate()

    def resume(self) -> None:
        """The client has a new signal connection: what was asked on the old one may be lost."""
        self._outstanding = False
        if not self.single:
            self.subscriber.restart_ice()
            self.renegotiate()
        elif self._changed or any(self.publisher.missing_sections()):
            self.renegotiate()

    def close(self) -> None:
        """Close the peers; nothing is told after this."""
        self._closed = True
        for peer in self.peers:
            peer.close_soon()

    def _data_opened(self, label: str) -> None:
        self._opened.add(label)
        if label == RELIABLE:
            held, self._held = self._held, []
            for data in held:
                self.subscriber.send_data(label, data)

    def _negotiate(self) -> None:
        self._scheduled = False
        if self._closed or self._outstanding or not self._changed:
            return
        self._changed = False
        self._outstanding = True
        if self.single:
            audios, videos = self.publisher.missing_sections()
            self._owner.tell(SectionsRequired(audios, videos))
            return
        try:
            offer = self.subscriber.offer()
        except LocalError as error:
            # A mistake of ours, as only one is made at a time: what flows goes on.
            self._outstanding = False
            log.warning("no offer could be made: %s", error)
            return
        self._offer_id += 1
        mids = offer.mid_to_track_id
        self._owner.tell(Described("offer", offer.sdp, self._offer_id, mids))

    # PeerListener

    def on_connected(self, peer: Peer) -> None:
        """See `PeerListener`."""
        if peer is self.subscriber and not self._closed:
            self._owner.connected()

    def on_closed(self, peer: Peer, reason: str) -> None:
        """See `PeerListener`."""
        if not self._closed:
            self._owner.disconnected(reason)

    def on_incoming_track(
        self, peer: Peer, mid: str, msid_track_id: str, track: IncomingTrack
    ) -> None:
        """See `PeerListener`."""
        if peer is self.publisher and not self._closed:
            self._owner.media_began(mid, msid_track_id, track)

    def on_incoming_track_ended(self, peer: Peer, mid: str) -> None:
        """See `PeerListener`."""
        if peer is self.publisher and not self._closed:
            self._owner.media_ended(mid)

    def on_data(self, peer: Peer, label: str, data: bytes) -> None:
        """See `PeerListener`."""
        if not self._closed:
            self._owner.received(label, data)
