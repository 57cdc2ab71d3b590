"""Peer connections over real UDP, with aiortc's own peer connection as the client."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from rooms.errors import AddressInUse, LimitExceeded, NegotiationError, SdpError
from rooms.limits import Limits
from rooms.transport import sdp
from rooms.transport.description import Description
from rooms.transport.server import RtcServer
from tests.rooms.transport.clients import Client, Listener, RawClient, check, join
from tests.rooms.transport.samples import offer_text


async def heard(queue: asyncio.Queue[tuple[str, bytes]]) -> tuple[str, bytes]:
    return await asyncio.wait_for(queue.get(), 30)


async def until(condition: object, seconds: float = 30) -> None:
    assert callable(condition)
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
async def rtc() -> AsyncIterator[RtcServer]:
    server = RtcServer(["127.0.0.1"], 0, Limits(), rng=random.Random(3))
    await server.start()
    yield server
    await server.close()


async def test_data_both_ways_on_the_clients_channels(rtc: RtcServer) -> None:
    client, peer, listener = await join(rtc)
    for label in ("_reliable", "_lossy", "_data_track"):
        await client.send(label, b"to you " + label.encode())
        assert await heard(listener.data) == (label, b"to you " + label.encode())
        assert peer.send_data(label, b"to me")
        assert await heard(client.heard) == (label, b"to me")
    assert peer.srtp_profile == "SRTP_AEAD_AES_128_GCM"
    big = random.Random(1).randbytes(60_000)
    assert peer.send_data("_reliable", big)
    assert await heard(client.heard) == ("_reliable", big)
    await client.send("_reliable", big)
    assert await heard(listener.data) == ("_reliable", big)
    await client.close()
    await asyncio.wait_for(listener.closed.wait(), 30)
    assert listener.reason == "closed by the remote side"
    assert not rtc.peers
    assert not peer.send_data("_reliable", b"late")


async def test_the_server_offers_and_opens_the_channels(rtc: RtcServer) -> None:
    client, listener = Client(), Listener()
    peer = rtc.create_peer(listener, offers=True)
    peer.accept_answer(await client.answer(peer.offer().sdp))
    await asyncio.wait_for(listener.connected.wait(), 30)
    await until(lambda: len(client.channels) == 3)
    assert {each.id for each in client.channels.values()} == {1, 3, 5}
    await until(lambda: peer.send_data("_lossy", b"there"))
    assert await heard(client.heard) == ("_lossy", b"there")
    await client.send("_reliable", b"back")
    assert await heard(listener.data) == ("_reliable", b"back")
    await client.close()


async def test_closing_tells_the_client_and_not_the_listener(rtc: RtcServer) -> None:
    client, peer, listener = await join(rtc)
    await peer.close()
    await until(lambda: client.pc.connectionState == "closed" or "closed" in str(client.pc.sctp))
    assert not listener.closed.is_set()
    assert not rtc.peers
    await client.close()


async def test_too_much_waiting_is_not_taken(rtc: RtcServer) -> None:
    client, peer, _ = await join(rtc)
    await until(lambda: peer.send_data("_reliable", b"open"))
    sent = 0
    while peer.send_data("_reliable", bytes(60_000)):
        sent += 60_000
        assert sent < 4_000_000
    assert peer.buffered("_reliable") > 1_000_000
    assert rtc.counters["data_not_sent_buffer_full"] == 1
    assert not peer.send_data("_lossy", bytes(150_000))  # lossy messages are not held back
    assert not peer.send_data("_data_track", bytes(300_000))
    assert not peer.send_data("_unheard_of", b"")
    await client.close()


async def test_dtls_from_an_address_that_was_never_validated_is_ignored(rtc: RtcServer) -> None:
    raw = await RawClient.towards(rtc)
    raw.send(b"\x16\xfe\xff" + bytes(60))
    await until(lambda: rtc.counters["dtls_unvalidated_address"] == 1)
    assert raw.received.empty()
    raw.close()


async def test_stun_without_a_known_ufrag_or_key_is_not_answered(rtc: RtcServer) -> None:
    listener = Listener()
    peer = rtc.create_peer(listener)
    peer.answer(offer_text("chromium_single"))
    raw = await RawClient.towards(rtc)
    ufrag, pwd = peer.agent.credentials
    raw.send(check("stranger", pwd))
    raw.send(check(ufrag, "wrong"))
    await until(lambda: rtc.counters["stun_bad_integrity"] == 1)
    assert rtc.counters["stun_unknown_ufrag"] == 1
    assert raw.received.empty()
    assert peer.agent.selected is None
    raw.send(check(ufrag, pwd))
    assert await asyncio.wait_for(raw.received.get(), 30)
    raw.close()


async def test_dtls_starts_whether_the_check_or_the_answer_comes_first(rtc: RtcServer) -> None:
    listener = Listener()
    peer = rtc.create_peer(listener, offers=True)
    peer.offer()
    raw = await RawClient.towards(rtc)
    raw.send(check(*peer.agent.credentials))
    await asyncio.wait_for(raw.received.get(), 30)
    client = Client()
    # The fingerprint comes last: the handshake must not wait for another check.
    started = peer._dtls  # noqa: SLF001
    assert not started.started
    peer.restart_ice()
    peer.accept_answer(await client.answer(peer.offer().sdp))
    assert started.started
    await client.close()
    raw.close()


async def test_ice_restart_keeps_the_connection(rtc: RtcServer) -> None:
    client, peer, listener = await join(rtc)
    await client.send("_reliable", b"here")
    assert await heard(listener.data) == ("_reliable", b"here")
    old = peer.agent.credentials
    first = client.pc.localDescription.sdp
    ufrag = first.split("a=ice-ufrag:")[1].split("\r\n")[0]
    answer = peer.answer(first.replace(ufrag, "another1")).sdp
    assert peer.agent.credentials != old
    assert peer.agent.credentials.ufrag in answer
    assert old.ufrag not in answer
    moved = await RawClient.towards(rtc)
    moved.send(check(*old))
    await asyncio.wait_for(moved.received.get(), 30)
    address = peer.agent.selected
    moved.send(check(*peer.agent.credentials))
    await asyncio.wait_for(moved.received.get(), 30)
    assert address != peer.agent.selected  # the new credentials move the path, the old do not
    assert peer.connected
    await client.send("_reliable", b"still here")
    assert await heard(listener.data) == ("_reliable", b"still here")
    moved.close()
    await client.close()


async def test_answering_again_without_a_restart_keeps_the_credentials(rtc: RtcServer) -> None:
    peer = rtc.create_peer(Listener())
    peer.answer(offer_text("chromium_single"))
    before = peer.agent.credentials
    peer.answer(offer_text("chromium_single"))
    assert peer.agent.credentials == before


async def test_tracks_begin_and_end_with_their_sections(rtc: RtcServer) -> None:
    listener = Listener()
    peer = rtc.create_peer(listener)
    text = offer_text("chromium_publisher")
    peer.answer(text)
    assert listener.tracks == {
        "0": "f99caf34-9c50-46c3-bdb5-d9a3490d5e7b",
        "1": "d8ccfafb-d433-4b11-9682-460fd8ad5224",
    }
    track = peer.media.incoming("1")
    peer.answer(text)
    assert listener.ended == []
    assert peer.media.incoming("1") is track
    replaced = text.replace("d8ccfafb-d433-4b11-9682-460fd8ad5224", "another")
    peer.answer(replaced)
    assert listener.ended == ["1"]
    assert listener.tracks["1"] == "another"
    assert peer.media.incoming("1") is not track
    peer.answer(replaced.replace("a=sendonly", "a=inactive"))
    assert sorted(listener.ended) == ["0", "1", "1"]


async def test_another_certificate_is_refused(rtc: RtcServer) -> None:
    peer = rtc.create_peer(Listener())
    text = offer_text("chromium_single")
    peer.answer(text)
    with pytest.raises(NegotiationError):
        peer.answer(text.replace("a=fingerprint:sha-256 ", "a=fingerprint:sha-256 00:"))


async def test_nonsense_is_refused_and_the_peer_lives_on(rtc: RtcServer) -> None:
    peer = rtc.create_peer(Listener())
    with pytest.raises(SdpError):
        peer.answer("nonsense")
    with pytest.raises(NegotiationError):
        peer.answer("v=0\r\n")
    with pytest.raises(NegotiationError):
        peer.accept_answer(offer_text("chromium_single"))
    peer.answer(offer_text("chromium_single"))


async def test_silence_ends_a_peer() -> None:
    clock = [1000.0]
    rtc = RtcServer(["127.0.0.1"], 0, Limits(), now=lambda: clock[0], rng=random.Random(3))
    await rtc.start()
    never, listener = Listener(), Listener()
    quiet = rtc.create_peer(never)
    quiet.answer(offer_text("firefox_single"))
    client = Client()
    client.open_channels()
    peer = rtc.create_peer(listener)
    await client.take_answer(peer.answer(await client.offer()).sdp)
    await asyncio.wait_for(listener.connected.wait(), 30)
    other = Listener()
    rtc.create_peer(other)  # not described yet: signalling has all the time it wants
    await client.close()
    last = peer.agent.last_check
    assert last is not None
    rtc.tick(clock[0] + 29)
    assert not never.closed.is_set()
    clock[0] += 31
    rtc.tick(clock[0])
    assert never.reason == "no connectivity check came"
    assert listener.reason
    assert not other.closed.is_set()
    assert len(rtc.peers) == 1
    await rtc.close()


async def test_consent_that_is_not_renewed_expires() -> None:
    clock = [1000.0]
    rtc = RtcServer(["127.0.0.1"], 0, Limits(), now=lambda: clock[0], rng=random.Random(3))
    await rtc.start()
    listener = Listener()
    peer = rtc.create_peer(listener)
    peer.answer(offer_text("chromium_single"))
    raw = await RawClient.towards(rtc)
    for seconds in (0, 20, 20):
        clock[0] += seconds
        raw.send(check(*peer.agent.credentials))
        await asyncio.wait_for(raw.received.get(), 30)
        rtc.tick(clock[0])
        assert not listener.closed.is_set()
    clock[0] += 31
    rtc.tick(clock[0])
    assert listener.reason == "consent expired"
    assert rtc.counters["consent_expired"] == 1
    raw.send(check(*peer.agent.credentials))
    await until(lambda: rtc.counters["stun_unknown_ufrag"] == 1)
    raw.close()
    await rtc.close()


async def test_a_handshake_that_never_ends_is_given_up() -> None:
    limits = Limits(handshake_seconds=0.05)
    rtc = RtcServer(["127.0.0.1"], 0, limits, rng=random.Random(3))
    await rtc.start()
    listener = Listener()
    peer = rtc.create_peer(listener)
    peer.answer(offer_text("chromium_single"))
    raw = await RawClient.towards(rtc)
    raw.send(check(*peer.agent.credentials))
    await asyncio.wait_for(listener.closed.wait(), 30)
    assert listener.reason == "DTLS handshake took too long"
    assert rtc.counters["dtls_handshake_failed"] == 1
    raw.close()
    await rtc.close()


async def test_a_certificate_other_than_announced_fails(rtc: RtcServer) -> None:
    client, listener = Client(), Listener()
    client.open_channels()
    peer = rtc.create_peer(listener)
    text = await client.offer()
    fingerprints = {line for line in text.split("\r\n") if line.startswith("a=fingerprint")}
    for line in fingerprints:
        name = line.split(" ")[0]
        text = text.replace(line, f"{name} {':'.join(['AB'] * 32)}")
    await client.take_answer(peer.answer(text).sdp)
    await asyncio.wait_for(listener.closed.wait(), 30)
    assert listener.reason == "DTLS handshake failed"
    assert not listener.connected.is_set()
    await client.close()


async def test_peers_are_capped_and_addresses_are_ours_alone() -> None:
    rtc = RtcServer(["127.0.0.1"], 0, Limits(peers=1), rng=random.Random(3))
    await rtc.start()
    rtc.create_peer(Listener())
    with pytest.raises(LimitExceeded):
        rtc.create_peer(Listener())
    second = RtcServer(["127.0.0.1"], rtc.udp_port, Limits())
    with pytest.raises(AddressInUse):
        await second.start()
    await rtc.close()


async def test_a_translated_address_is_bound_inside_and_advertised_outside() -> None:
    rtc = RtcServer(["127.0.0.1=203.0.113.7"], 0, Limits(), rng=random.Random(3))
    await rtc.start()
    try:
        (candidate,) = [line for line in rtc.candidates() if " udp " in line.lower()]
        assert f" 203.0.113.7 {rtc.udp_port} typ host" in candidate
        assert rtc.addresses == ["127.0.0.1"]
    finally:
        await rtc.close()


async def test_every_address_is_a_candidate() -> None:
    rtc = RtcServer(["127.0.0.1", "::1"], 0, Limits(), rng=random.Random(3))
    await rtc.start()
    assert [each.split()[4:6] for each in rtc.candidates()] == [
        ["127.0.0.1", str(rtc.udp_port)],
        ["::1", str(rtc.udp_port)],
    ]
    peer = rtc.create_peer(Listener())
    loop = asyncio.get_running_loop()
    _, raw = await loop.create_datagram_endpoint(RawClient, remote_addr=("::1", rtc.udp_port))
    peer.answer(offer_text("chromium_single"))
    raw.send(check(*peer.agent.credentials))
    assert await asyncio.wait_for(raw.received.get(), 30)
    raw.close()
    await rtc.close()


async def test_sections_once_read_are_forgotten_by_who_sits_still(
    rtc: RtcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered: list[int] = []
    parse = sdp.parse

    def noting(text: str, limits: Limits, seen: Any = None) -> Description:
        remembered.append(len(seen))
        return parse(text, limits, seen)

    monkeypatch.setattr(sdp, "parse", noting)
    peer = rtc.create_peer(Listener())
    text = offer_text("chromium_single")
    first = peer.answer(text).sdp
    for seconds in (5, 11):
        peer.sweep(rtc.now() + seconds)
        again = peer.answer(text).sdp
    assert remembered[0] == remembered[2] == 0 < remembered[1]
    assert again.splitlines()[2:] == first.splitlines()[2:]
