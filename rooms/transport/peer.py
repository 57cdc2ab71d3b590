"""One peer connection: the shell that ties ICE, DTLS, media, data and negotiation together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, cast

from rooms.errors import LocalError, NegotiationError
from rooms.rtp.outgoing import OutgoingStream
from rooms.transport import sdp
from rooms.transport.carrier import Carrier
from rooms.transport.data_channels import DataChannels
from rooms.transport.description import Description, Section
from rooms.transport.dtls import DtlsConnection, fingerprint
from rooms.transport.ice_lite import IceAgent, Path, new_credentials
from rooms.transport.media import MediaTransport
from rooms.transport.negotiation import (
    Answerer,
    Data,
    Incoming,
    Local,
    Offerer,
    Wish,
    no_wish,
    remote_data,
    remote_transport,
)
from rooms.transport.seams import Answer, Host, Offer, PeerListener
from rooms.transport.slots import OutgoingTrack, Slot

__all__ = ["Answer", "Offer", "OutgoingTrack", "Peer", "PeerListener"]

_log = logging.getLogger(__name__)

_SEEN_KEPT = 10.0  # seconds for which sections that were read are remembered


class Peer:
    """A peer connection of ours; `offers` says which side describes first.

    DTLS starts as soon as the remote fingerprint and a validated address are both known, whichever
    comes last.
    """

    def __init__(self, host: Host, listener: PeerListener, *, offers: bool) -> None:
        self._host = host
        self._listener = listener
        self._offers = offers
        self.on_data_open: Callable[[str], None] | None = None
        """Told the label of each data channel that can be sent on from now on."""
        self.connected = False
        self.closed = False
        self.agent = IceAgent(new_credentials(host.rng))
        self.media = MediaTransport(host.mux, host.limits, host.counters, rng=host.rng)
        self._answerer = None if offers else Answerer(host.limits, host.rng)
        self._offerer = Offerer(host.limits, host.rng) if offers else None
        self._streams: dict[str, tuple[Slot, OutgoingStream]] = {}
        self._incoming: dict[str, Incoming] = {}
        self._fingerprints: tuple[tuple[str, str], ...] = ()
        self._remote_ufrag = ""
        self._seen: dict[bytes, Section] = {}
        self._seen_at = 0.0
        self._restarting = False
        self._described_at: float | None = None
        self._remote_data: Data | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._dtls = DtlsConnection(
            host.certificate,
            self._send,
            host.limits,
            host.counters,
            on_keys=self._keys,
            on_closed=self.fail,
        )
        self._data: DataChannels | None = None
        host.ice.register(self.agent)

    # Negotiation.

    def answer(self, offer_sdp: str, wish: Wish = no_wish) -> Answer:
        """Answer the client's offer; a changed remote ufrag restarts ICE and keeps DTLS.

        `wish` tells in which codec the client would send a track.

        Raises SdpError when it cannot be read, NegotiationError when it does not fit.
        """
        if self._answerer is None:
            raise NegotiationError("this connection is offered by the server")
        offer = sdp.parse(offer_sdp, self._host.limits, self._seen)
        self._seen_at = self._host.now()
        transport = remote_transport(offer)
        self._check_fingerprints(transport.fingerprints)
        self._answerer.check(offer)
        if self._remote_ufrag and transport.ufrag != self._remote_ufrag:
            self._renew_credentials()
        answer = self._answerer.answer(offer, self._local(), wish)
        self._remote_ufrag = transport.ufrag
        self._described(offer, transport.fingerprints)
        self._update_outgoing(self._answerer.slots)
        self._update_incoming(self._answerer.incoming)
        audios, videos = self._answerer.missing()
        return Answer(sdp.write(answer), self._answerer.mid_to_track_id(), audios, videos)

    def offer(self) -> Offer:
        """Offer what is to be sent (v0's subscriber); raises LocalError while one is unanswered."""
        if self._offerer is None:
            raise LocalError("this connection is offered by the client")
        restarting, self._restarting = self._restarting, False
        if restarting:
            self._renew_credentials()
        description = self._offerer.offer(self._local(), anew=restarting)
        self._update_outgoing(self._live_slots())
        return Offer(sdp.write(description), self._offerer.mid_to_track_id())

    def accept_answer(self, answer_sdp: str) -> None:
        """Take the client's answer to `offer()`; raises SdpError or NegotiationError."""
        if self._offerer is None:
            raise NegotiationError("this connection is offered by the client")
        answer = sdp.parse(answer_sdp, self._host.limits)
        transport = remote_transport(answer)
        self._check_fingerprints(transport.fingerprints)
        self._offerer.accept(answer)
        self._remote_ufrag = transport.ufrag
        self._described(answer, transport.fingerprints)
        self._update_outgoing(self._live_slots())

    def restart_ice(self) -> None:
        """Let the next `offer()` carry new credentials, whether or not the last was answered."""
        self._restarting = True

    @property
    def _tracks(self) -> Answerer | Offerer:
        tracks = self._answerer or self._offerer
        assert tracks is not None
        return tracks

    def add_outgoing(self, track: OutgoingTrack) -> None:
        """Want a track sent; it is given a section at the next answer or offer."""
        self._tracks.add(track)

    def remove_outgoing(self, track_id: str) -> None:
        """Stop sending a track at once; its section is given back at the next negotiation."""
        self._tracks.remove(track_id)
        self._stop_stream(track_id)

    def outgoing(self, track_id: str) -> OutgoingStream | None:
        """The stream that carries a track, once it is negotiated."""
        found = self._streams.get(track_id)
        return found[1] if found else None

    def missing_sections(self) -> tuple[int, int]:
        """Audio and video sections still missing for what is wanted (v1)."""
        return self._answerer.missing() if self._answerer else (0, 0)

    def decodes(self, kind: str, *codecs: str) -> bool:
        """Whether the client can receive any of these codecs, as far as it has said."""
        return self._answerer is None or self._answerer.decodes(kind, *codecs)

    def _local(self) -> Local:
        return Local(
            *self.agent.credentials,
            fingerprint(self._host.certificate),
            self._host.candidates(),
            self._host.limits.data_message_bytes,
        )

    def _renew_credentials(self) -> None:
        # The old ones stay registered: checks already under way still keep the media flowing.
        self.agent.credentials = new_credentials(self._host.rng)
        self._host.ice.register(self.agent)

    def _check_fingerprints(self, fingerprints: tuple[tuple[str, str], ...]) -> None:
        if self.closed:
            raise NegotiationError("the connection is closed")
        if self._fingerprints and set(fingerprints) != set(self._fingerprints):
            raise NegotiationError("another certificate needs another connection")

    def _described(
        self, description: Description, fingerprints: tuple[tuple[str, str], ...]
    ) -> None:
        self._fingerprints = fingerprints
        if self._described_at is None:
            self._described_at = self._host.now()
        data = remote_data(description)
        if data is not None and self._remote_data is None:
            self._remote_data = data
            if self.connected:
                self._begin_data()
        self._start_dtls()

    def _live_slots(self) -> dict[str, Slot]:
        assert self._offerer is not None
        offerer = self._offerer
        return {mid: slot for mid, slot in offerer.slots.items() if offerer.live(mid)}

    def _update_outgoing(self, slots: dict[str, Slot]) -> None:
        carried = {slot.track.track_id: slot for slot in slots.values()}
        for track_id, (slot, _) in list(self._streams.items()):
            current = carried.get(track_id)
            if current is None or current.ssrc != slot.ssrc or not self._tracks.slot_of(track_id):
                self._stop_stream(track_id)
        for track_id, slot in carried.items():
            if track_id not in self._streams and self._tracks.slot_of(track_id) is slot:
                self._start_stream(slot)

    def _start_stream(self, slot: Slot) -> None:
        stream = OutgoingStream(
            slot.codec,
            slot.ssrc,
            slot.rtx_ssrc,
            rng=self._host.rng,
            abs_send_time=slot.extensions.abs_send_time,
            descriptor=slot.extensions.descriptor,
            cname=slot.cname,
            others=slot.others,
        )
        self._streams[slot.track.track_id] = (slot, stream)
        self.media.add_outgoing(stream)
        slot.track.source.add_outgoing(stream, self._host.now())

    def _stop_stream(self, track_id: str) -> None:
        found = self._streams.pop(track_id, None)
        if found is not None:
            slot, stream = found
            slot.track.source.remove_outgoing(stream)
            self.media.remove_outgoing(stream)

    def _update_incoming(self, incoming: dict[str, Incoming]) -> None:
        before, self._incoming = self._incoming, dict(incoming)
        ended = [
            mid
            for mid, old in before.items()
            if mid not in incoming or incoming[mid].msid_track != old.msid_track
        ]
        if any(mid in incoming for mid in ended):
            # Another track in the same section: what was learnt of the old one is void.
            kept = {mid: each for mid, each in incoming.items() if mid not in ended}
            self.media.describe_incoming([each.spec for each in kept.values()])
        self.media.describe_incoming([each.spec for each in incoming.values()])
        for mid in ended:
            self._listener.on_incoming_track_ended(self, mid)
        for mid, each in incoming.items():
            track = self.media.incoming(mid)
            if (mid not in before or mid in ended) and track is not None:
                self._listener.on_incoming_track(self, mid, each.msid_track, track)

    # Data.

    def send_data(self, label: str, data: bytes) -> bool:
        """Queue a message; False when the channel is not open or too much waits already."""
        return self._data is not None and self._data.send(label, data)

    def buffered(self, label: str) -> int:
        """Bytes that wait to be sent on a data channel."""
        return self._data.buffered(label) if self._data is not None else 0

    def _begin_data(self) -> None:
        assert self._remote_data is not None
        self._data = DataChannels(
            self._dtls.new_sctp(),
            self._host.limits,
            self._host.counters,
            on_data=lambda label, data: self._listener.on_data(self, label, data),
            on_open=self._data_opened,
            now=self._host.now,
            opens=self._offers,
        )
        remote = self._remote_data
        self._run(self._data.begin(remote.port, remote.max_message_size))

    def _data_opened(self, label: str) -> None:
        if self.on_data_open is not None:
            self.on_data_open(label)

    @property
    def srtp_profile(self) -> str:
        """The SRTP profile that DTLS agreed on, such as `SRTP_AEAD_AES_128_GCM`."""
        return self._dtls.srtp_profile

    # What the server hands over.

    def moved(self) -> None:
        """The path to the remote side was found or changed."""
        path = self.agent.selected
        if path is not None and not self.closed:
            self.media.address(cast(Carrier, path.socket), path.address)
            self._start_dtls()

    def receive_dtls(self, data: bytes, path: Path) -> None:
        """Take DTLS from a validated address."""
        if not self.connected and not self.agent.nominated and self.agent.prefer(path):
            self.moved()
        self._dtls.receive(data)

    def sweep(self, now: float) -> None:
        """End the connection when the remote side fell silent; called each second."""
        limits = self._host.limits
        if self._seen and now - self._seen_at > _SEEN_KEPT:
            self._seen = {}  # offers come in bursts; tens of kilobytes are not for those who sit
        if self.agent.last_check is None:
            since = self._described_at
            if since is not None and now - since > limits.first_check_seconds:
                self.fail("no connectivity check came")
        elif not self.agent.consents(now, limits.consent_seconds):
            self._host.counters.add("consent_expired")
            self.fail("consent expired")

    def _send(self, data: bytes) -> None:
        if self.agent.selected is not None:
            self._host.send(self.agent.selected, data)

    def _start_dtls(self) -> None:
        ready = self._fingerprints and self.agent.selected is not None
        if ready and not self._dtls.started and not self.closed:
            self._dtls.start(self._fingerprints)

    def _keys(self, receiving: Any, sending: Any) -> None:
        self.media.keys(receiving, sending)
        self.connected = True
        if self._remote_data is not None:
            self._begin_data()
        self._listener.on_connected(self)

    # The end.

    def fail(self, reason: str) -> None:
        """Close, and tell the listener why."""
        if not self.closed:
            self.close_soon()
            self._listener.on_closed(self, reason)

    def close_soon(self) -> None:
        """Stop media and data now, and say goodbye to the remote side in a moment."""
        if self.closed:
            return
        self.closed = True
        self.connected = False
        for track_id in list(self._streams):
            self._stop_stream(track_id)
        self.media.close()
        self._host.forget(self)
        self._run(self._say_goodbye())

    async def close(self) -> None:
        """Stop everything and wait for every task's end; nothing is told after this."""
        self.close_soon()
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def busy(self) -> bool:
        """Whether a task of this peer still runs."""
        return bool(self._tasks)

    async def _say_goodbye(self) -> None:
        data, self._data = self._data, None
        if data is not None:
            await data.close()
        await self._dtls.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("a peer's task failed", exc_info=task.exception())
