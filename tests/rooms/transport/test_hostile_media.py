"""Media of somebody who has keys and means ill: both packet paths hold, and decide alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pylibsrtp import Error, Session

from rooms.compiled import library
from rooms.rtp import rtcp
from tests.rooms.transport.test_media import PLAIN, VP8, Client, Server, picture, rtp

compiled_too = [
    pytest.param(False, id="python"),
    pytest.param(
        True,
        id="compiled",
        marks=pytest.mark.skipif(library.library is None, reason=library.reason),
    ),
]


@pytest.fixture(params=compiled_too)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    server = Server(request.param)
    yield server
    server.socket.close()


def remembers(session: Session, ssrc: int) -> bool:
    """Whether libsrtp still keeps the state of an SSRC, which it forgets by this question."""
    try:
        session.remove_stream(ssrc)
    except Error:
        return False
    return True


def unknown(ssrc: int) -> bytes:
    return rtp(ssrc, 1, b"whose?")


def broken(ssrc: int) -> bytes:
    return b"\xa0" + rtp(ssrc, 1, b"\xff")[1:]  # more padding than there is packet


def report(ssrc: int) -> bytes:
    return rtcp.receiver_report(ssrc)


@pytest.mark.parametrize("make", [unknown, broken, report])
def test_what_is_kept_of_ssrcs_that_are_nobodys_does_not_grow(
    server: Server, make: Callable[[int], bytes]
) -> None:
    """libsrtp keeps each SSRC for ever, in a list that it walks for every packet."""
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    alice.send(rtp(10, 1, picture(1, key=True)))
    send = alice.send_rtcp if make is report else alice.send
    strangers = range(1000, 1600)
    for ssrc in strangers:
        send(make(ssrc))
        alice.sending.remove_stream(ssrc)
    alice.send(rtp(10, 2, picture(2)))
    assert len(bob.received()[0]) == 2, "the camera goes on"
    receiving, _ = alice.media.keep
    assert remembers(receiving, 10)
    assert remembers(receiving, strangers[-1]), "the latest ones may still be told of"
    assert sum(remembers(receiving, ssrc) for ssrc in strangers) < 4 * server.limits.ssrcs_per_kind
