"""What a connection keeps of a stream that it sends no more: nothing, however long it lasts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pylibsrtp import Error

from rooms.rtp import rtcp
from tests.rooms.transport.test_media import PLAIN, VP8, Client, Server, picture, rtp


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(False)
    yield server
    server.socket.close()


def test_libsrtp_forgets_a_stream_that_is_sent_no_more(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    track = alice.publish(PLAIN)
    out = bob.subscribe(track, VP8)
    alice.send(rtp(10, 1, picture(1, key=True)))
    alice.send_rtcp(rtcp.sender_report(rtcp.SenderReport(10, 3_900_000_000 << 32, 0, 1, 100)))
    server.mux.tick(server.now)
    assert any(isinstance(item, rtcp.SenderReport) for item in bob.received()[1])
    bob.media.remove_outgoing(out)
    track.remove_outgoing(out)
    (_, sending) = bob.media.keep
    for ssrc in (out.ssrc, out.rtx_ssrc):
        with pytest.raises(Error):  # there is nothing to forget
            sending.remove_stream(ssrc)
