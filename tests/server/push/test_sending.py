"""What is sent to a device's push service: encrypted, signed, bounded, and never to a neighbour."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from server.push import sender as sending
from server.push.encryption import LARGEST_MESSAGE, encrypt
from server.push.endpoints import FarResolver, OwnServices, is_endpoint, is_far, origin_of
from server.push.sender import LONGEST_TTL, Answer, Outcome, PushSender, outcome_of, wait_of
from server.push.vapid import Vapid, fresh_key, from_text, to_text
from server.storage.queries.push_notices import DueNotice
from tests.push_device import Device, decrypt, subscribe
from tests.push_service import PushService, push_service

NOW = datetime.now(UTC)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[PushService]:
    async with push_service(tmp_path) as running:
        yield running


@pytest.fixture
async def sender(service: PushService) -> AsyncIterator[PushSender]:
    own = OwnServices(frozenset({service.origin}), service.authorities)
    made = PushSender(Vapid(fresh_key(), "mailto:moulin@exemple.org"), lambda: NOW, own)
    yield made
    await made.close()


@pytest.fixture
async def stranger() -> AsyncIterator[PushSender]:
    """What sends for a keeper who has no push service of their own."""
    made = PushSender(Vapid(fresh_key(), "mailto:moulin@exemple.org"), lambda: NOW)
    yield made
    await made.close()


def notice(device: Device) -> DueNotice:
    return DueNotice(
        id="n",
        login_id="l",
        endpoint=device.endpoint,
        public_key=device.point,
        secret=device.secret,
        about="reminder:x",
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
    device = subscribe(service, sender.public_key)
    assert await sender.send(notice(device)) == Answer(Outcome.TAKEN, 201)
    assert device.told(service) == [{"title": "Bientôt"}]
    [message] = service.taken
    assert message.headers["TTL"] == "300"
    assert b"Bient" not in message.body
    assert (message.key, message.claims["aud"]) == (sender.public_key, service.origin)
    assert message.claims["sub"] == "mailto:moulin@exemple.org"


async def test_news_of_a_far_day_is_kept_no_longer_than_push_services_will(
    service: PushService, sender: PushSender
) -> None:
    due = replace(notice(subscribe(service)), expires_at=NOW + timedelta(days=90))
    assert (await sender.send(due)).outcome is Outcome.TAKEN
    assert service.taken[0].headers["TTL"] == f"{LONGEST_TTL.total_seconds():.0f}"


async def test_a_message_replaces_one_about_the_same_that_waits(
    service: PushService, sender: PushSender
) -> None:
    one, other = subscribe(service), replace(subscribe(service), secret=b"another of 16 b.")
    for about in ("reminder:x", "change:x", "reminder:x"):
        await sender.send(replace(notice(one), about=about))
    await sender.send(notice(other))
    topics = [each.headers["Topic"] for each in service.taken]
    assert {len(each) for each in topics} == {32}
    assert topics[0] == topics[2]
    assert len(set(topics)) == 3  # what another device is told of cannot be told from it
    waiting = service.channels[one.endpoint].waiting
    assert [each.headers["Topic"] for each in waiting] == topics[1:3]


async def test_without_an_address_to_complain_to_none_is_named(service: PushService) -> None:
    own = OwnServices(frozenset({service.origin}), service.authorities)
    sender = PushSender(Vapid(fresh_key(), ""), lambda: NOW, own)
    assert await sender.send(notice(subscribe(service))) == Answer(Outcome.REFUSED, 403)
    await sender.close()
    assert "sub" in service.refused[0].reason


async def test_only_the_key_of_the_subscription_may_send(
    service: PushService, sender: PushSender
) -> None:
    due = notice(subscribe(service, Vapid(fresh_key(), "").public_key))
    assert await sender.send(due) == Answer(Outcome.REFUSED, 403)


async def test_a_redirect_is_not_followed(service: PushService, sender: PushSender) -> None:
    device = subscribe(service)
    service.answers = [(307, {"Location": device.endpoint})]
    assert await sender.send(notice(device)) == Answer(Outcome.REFUSED, 307)
    assert service.requests == 1


async def test_a_push_service_says_when_to_come_back(
    service: PushService, sender: PushSender
) -> None:
    service.answers = [(429, {"Retry-After": "90"}), (503, {})]
    due = notice(subscribe(service))
    assert await sender.send(due) == Answer(Outcome.LATER, 429, timedelta(seconds=90))
    assert await sender.send(due) == Answer(Outcome.LATER, 503)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *(("0", 0), ("120", 120), ("Mon, 02 Mar 2026 14:03:00 GMT", 180)),
        *(("Sun, 01 Mar 2026 14:00:00 +0000", 0), ("", None), ("-5", None), ("٣", None)),
        *(("9" * 400, None), ("soon", None), ("Sun, 06 Nov 1994 08:49:37", None)),
    ],
)
def test_a_time_to_wait_is_seconds_or_a_date(header: str, seconds: int | None) -> None:
    wait = wait_of(header, datetime(2026, 3, 2, 14, tzinfo=UTC))
    assert (None if wait is None else wait.total_seconds()) == seconds


async def test_who_does_not_answer_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "LONGEST_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        origin = f"https://127.0.0.1:{deaf.getsockname()[1]}"
        sender = PushSender(Vapid(fresh_key(), ""), lambda: NOW, OwnServices(frozenset({origin})))
        assert await sender.send(notice(Device(f"{origin}/d"))) == Answer(Outcome.LATER)
        await sender.close()


async def test_what_can_never_arrive_is_gone(
    service: PushService, sender: PushSender, stranger: PushSender
) -> None:
    due = notice(subscribe(service))
    assert await sender.send(replace(due, public_key=b"\x04" * 65)) == Answer(Outcome.GONE)
    assert await stranger.send(due) == Answer(Outcome.GONE)
    assert service.requests == 0


async def test_the_keepers_own_services_are_held_to_their_certificate(
    service: PushService,
) -> None:
    sender = PushSender(
        Vapid(fresh_key(), ""), lambda: NOW, OwnServices(frozenset({service.origin}))
    )
    assert await sender.send(notice(subscribe(service))) == Answer(Outcome.LATER)
    await sender.close()
    assert service.requests == 0


async def test_names_that_lead_nearby_are_not_connected_to(
    stranger: PushSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OSError, match="no public address"):
        await FarResolver().resolve("localhost", 443)
    # As if a name of the public internet led here, whatever its port.
    monkeypatch.setattr(stranger, "accepts", lambda _endpoint: True)
    with socket.create_server(("127.0.0.1", 0)) as neighbour:
        neighbour.setblocking(False)
        due = notice(Device(f"https://localhost:{neighbour.getsockname()[1]}/d"))
        assert await stranger.send(due) == Answer(Outcome.LATER)
        with pytest.raises(BlockingIOError):
            neighbour.accept()


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((201, Outcome.TAKEN), (404, Outcome.GONE), (410, Outcome.GONE), (429, Outcome.LATER)),
        *((503, Outcome.LATER), (400, Outcome.REFUSED), (403, Outcome.REFUSED)),
        *((408, Outcome.LATER), (413, Outcome.REFUSED), (301, Outcome.REFUSED)),
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


def test_the_keepers_own_services_may_be_nearby_and_nothing_else_there() -> None:
    own = frozenset({"https://push.lan:8443", "https://127.0.0.1"})
    for good in ("https://push.lan:8443/d", "https://PUSH.lan:8443/d", "https://127.0.0.1:443/d"):
        assert is_endpoint(good, own), good
    wrongs = ("http://push.lan:8443/d", "https://push.lan:8444/d", "http://127.0.0.1/d")
    for wrong in (*wrongs, "https://u@push.lan:8443/d", "https://127.0.0.2/d"):
        assert not is_endpoint(wrong, own), wrong


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://web.push.apple.com:443/QA", "https://web.push.apple.com"),
        ("https://FCM.googleapis.com/d", "https://fcm.googleapis.com"),
        ("https://[2001:DB8::1]:8443/d?x", "https://[2001:db8::1]:8443"),
    ],
)
def test_a_token_is_for_an_origin_as_origins_are_written(address: str, origin: str) -> None:
    assert origin_of(address) == origin


def test_far_is_the_public_internet_alone() -> None:
    assert is_far("2a00:1450:4001::1")
    assert not is_far("224.0.0.1")
    assert not is_far("100.64.0.1")
    with pytest.raises(ValueError, match="not appear"):
        is_far("a.example")
