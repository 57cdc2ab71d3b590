"""Passkeys refused: no challenge of ours, somebody else's, or nonsense."""

from __future__ import annotations

import base64
import json

import pytest
from aiohttp import web

from server.keys import DATABASE
from server.storage.queries.passkeys import keep_challenge, use_challenge
from server.web.person import right_now
from tests.server.mailbox import sign_in
from tests.server.visitors import Visitor


def credential(challenge: bytes = b"x" * 32) -> dict[str, object]:
    """What a browser might send, with nothing that proves anything."""
    data = {
        "type": "webauthn.get",
        "challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
        "origin": "http://localhost",
    }
    encoded = base64.urlsafe_b64encode(json.dumps(data).encode()).decode()
    return {
        "id": "YWJj",
        "rawId": "YWJj",
        "type": "public-key",
        "response": {"clientDataJSON": encoded, "authenticatorData": "", "signature": ""},
    }


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"credential": []},
        {"credential": {}},
        {"credential": {"rawId": 3, "response": 4}},
        {"credential": {"rawId": "YWJj", "response": {"clientDataJSON": "%%%"}}},
        {"credential": {"rawId": "YWJj", "response": {"clientDataJSON": "W10"}}},
        {"credential": credential()},
    ],
)
async def test_what_proves_nothing_signs_nobody_in(
    house: web.Application, visitor: Visitor, sent: dict[str, object]
) -> None:
    status, _ = await visitor.enter("/connexion/cle", **sent)
    assert status == 400
    await sign_in(house, visitor)
    status, _ = await visitor.enter("/compte/cles", **sent)
    assert status == 400


async def test_a_guest_makes_no_passkey(visitor: Visitor) -> None:
    await visitor.send("/nom", name="Zoé", next="/")
    status, _ = await visitor.enter("/compte/cles/defi")
    assert status == 403


async def test_a_challenge_serves_once_and_one_person(house: web.Application) -> None:
    now = right_now()
    async with house[DATABASE].writing() as db:
        await keep_challenge(db, b"one", None, now)
        assert not await use_challenge(db, b"one", "someone", now)
        assert await use_challenge(db, b"one", None, now)
        assert not await use_challenge(db, b"one", None, now)
        assert not await use_challenge(db, b"other", None, now)
