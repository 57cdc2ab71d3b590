"""Credentials for the relay."""

from __future__ import annotations

from server.turn import LIFE_SECONDS, relay_servers

URLS = ["turn:relay.example.org:3478?transport=udp"]


def test_a_credential_ends_and_is_what_coturn_computes() -> None:
    (server,) = relay_servers(URLS, "north", lambda: 1_700_000_000.5)("g_zoe")
    assert list(server.urls) == URLS
    assert server.username == f"{1_700_000_000 + LIFE_SECONDS}:g_zoe"
    # printf '%s' 1700086400:g_zoe | openssl dgst -sha1 -hmac north -binary | base64
    assert server.credential == "CVRzghYQcp+vi2Kd4mEzK6F1FnY="
