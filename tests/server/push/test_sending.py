"""What is sent to a device's push service: encrypted, signed, bounded, and never to a neighbour."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from server.push import sender as sending
from server.push.encryption import LARGEST_MESSAGE, encrypt
from server.push.endpoints import FarResolver, is_endpoint, is_far
from server.push.sender import Outcome, PushSender, outcome_of
from server.push.vapid import Vapid, fresh_key, from_text, to_text
from server.storage.queries.push_notices import DueNotice
from tests.server.push_service import Device, PushService, decrypt, push_service

NOW = datetime.now(UTC)


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with push_service() as running:
        yield running


@pytest.fixture
async def sender() -> AsyncIterator[PushSender]:
    made = PushSender(Vapid(fresh_key(), "mailto:moulin@exemple.org"), lambda: NOW)
    made.nearby = True
    yield made
    await made.close()


def notice(device: Device) -> DueNotice:
    return DueNotice(
        id="n",
        login_id="l",
        endpoint=device.endpoint,
        public_key=device.point,
        secret=device.secret,
        payload='{"title":"Bientôt"}',
        expires_at=NOW + timedelta(minutes=5),
        attempts=1,
    )


def private_key(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(from_text(text)), ec.SECP256R1())


def test_encryption_is_that_of_the_rfcs_example() -> None:
    """RFC 8291, section 5 and appendix A."""
    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        from_text(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
        ),
        from_text("BTBZMqHH6r4Tts7J_aSIgg"),
        own_key=private_key("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        salt=from_text("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert to_text(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS"
        "6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qu"
        "lcy4a-fN"
    )


def test_short_messages_look_alike_and_long_ones_are_refused() -> None:
    device = Device("")
    bodies = [encrypt(text, device.point, device.secret, padded_to=99) for text in (b"", b"a" * 99)]
    assert len(bodies[0]) == len(bodies[1])
    assert [decrypt(each, device.key, device.secret) for each in bodies] == [b"", b"a" * 99]
    assert len(encrypt(b"a" * LARGEST_MESSAGE, device.point, device.secret)) <= 4096
    with pytest.raises(ValueError, match="too long"):
        encrypt(b"a" * (LARGEST_MESSAGE + 1), device.point, device.secret)


async def test_a_notice_arrives_sealed_and_signed(service: PushService, sender: PushSender) -> None:
    device = service.device()
    assert await sender.send(notice(device)) is Outcome.TAKEN
    assert service.read(device) == [{"title": "Bientôt"}]
    _path, headers, body = service.received[0]
    assert (headers["TTL"], headers["Content-Encoding"]) == ("300", "aes128gcm")
    assert b"Bient" not in body
    claims = service.signed_by(sender.public_key)
    assert claims["sub"] == "mailto:moulin@exemple.org"
    assert 0 < claims["exp"] - NOW.timestamp() <= 24 * 3600


async def test_a_redirect_is_not_followed(service: PushService, sender: PushSender) -> None:
    service.statuses = [307]
    assert await sender.send(notice(service.device())) is Outcome.REFUSED
    assert len(service.received) == 1


async def test_who_does_not_answer_is_left_in_time(
    sender: PushSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "LONGEST_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        endpoint = f"http://127.0.0.1:{deaf.getsockname()[1]}/d"
        assert await sender.send(notice(Device(endpoint))) is Outcome.LATER


async def test_what_can_never_arrive_is_gone(service: PushService, sender: PushSender) -> None:
    due = notice(service.device())
    assert await sender.send(replace(due, public_key=b"\x04" * 65)) is Outcome.GONE
    sender.nearby = False
    assert await sender.send(due) is Outcome.GONE
    assert service.received == []


async def test_names_that_lead_nearby_are_not_connected_to(sender: PushSender) -> None:
    with pytest.raises(OSError, match="no public address"):
        await FarResolver().resolve("localhost", 443)
    sender.nearby = False
    due = notice(Device("https://localhost.localdomain/d"))
    assert await sender.send(due) is Outcome.LATER


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((201, Outcome.TAKEN), (404, Outcome.GONE), (410, Outcome.GONE), (429, Outcome.LATER)),
        *((503, Outcome.LATER), (400, Outcome.REFUSED), (403, Outcome.REFUSED)),
    ],
)
def test_statuses(status: int, outcome: Outcome) -> None:
    assert outcome_of(status) is outcome


@pytest.mark.parametrize(
    "address",
    [
        "https://fcm.googleapis.com/fcm/send/abc:def",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAA",
        "https://web.push.apple.com:443/QA",
        "https://9.9.9.9/d",
    ],
)
def test_push_services_are_accepted(address: str) -> None:
    assert is_endpoint(address)


@pytest.mark.parametrize(
    "address",
    [
        *("", "x", "http://fcm.googleapis.com/d", "ftp://a.example/d", "https:///d"),
        *("https://localhost/d", "https://127.0.0.1/d", "https://127.1/d", "https://2130706433/d"),
        *("https://10.0.0.1/d", "https://169.254.169.254/d", "https://192.168.1.1./d"),
        *("https://[::1]/d", "https://[::ffff:10.0.0.1]/d", "https://[fe80::1]/d"),
        *("https://[64:ff9b::7f00:1]/d", "https://[2002:7f00:1::]/d", "https://[zz]/d"),
        *("https://a.example:8443/d", "https://a.example:99999/d", "https://u:p@a.example/d"),
        *("https://a.example/d d", "https://a.example/\u00e9", "https://a.example/" + "d" * 1000),
    ],
)
def test_what_is_no_push_service_is_refused(address: str) -> None:
    assert not is_endpoint(address)


def test_far_is_the_public_internet_alone() -> None:
    assert is_far("2a00:1450:4001::1")
    assert not is_far("224.0.0.1")
    assert not is_far("100.64.0.1")
    with pytest.raises(ValueError, match="not appear"):
        is_far("a.example")
