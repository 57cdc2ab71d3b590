"""Requests that make no sense are refused with a sentence, and break nothing."""

from __future__ import annotations

import asyncio
import random

import pytest
from aiohttp.test_utils import TestServer

from server.web import fields
from tests.server.visitors import Visitor

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x\r\n\r\n"),
        ("multipart/form-data; boundary=x", b"no boundary here"),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--",
        ),
        (f"{FORM}; charset=klingon", b"name=Zo%C3%A9"),
        (f"{FORM}; charset=utf-16", b"name=Zo%C3%A9"),
        (FORM, b"\xff\xfe=%ff%fe&&&=&name"),
        (FORM, b"csrf_token=a&csrf_token=b"),
        ("application/json", b"{"),
        ("application/json", b"\xff\xff"),
        ("application/json", b'{"name": "\\ud800"}'),
        ("application/json", b"[" * 20_000),
        ("application/json", b"1e400"),
        ("text/plain", b"name=Zo\xc3\xa9"),
        ("nonsense", b""),
    ],
)
@pytest.mark.parametrize("path", ["/nom", "/c/les-pigistes/cafe/entrer", "/langue"])
async def test_a_body_that_makes_no_sense(
    visitor: Visitor, path: str, content_type: str, body: bytes
) -> None:
    await visitor.open("/confidentialite")
    for token in ({}, {"X-CSRF-Token": visitor.csrf_token}):
        status = await visitor.send_raw(path, body, {"Content-Type": content_type, **token})
        assert status < 500, visitor.text
    assert await visitor.open("/c/les-pigistes/cafe") == 200


@pytest.mark.parametrize(
    "path",
    [
        "/c/%00",
        "/c/les-pigistes/%00",
        "/i/%00%00",
        "/cle/%0d%0aSet-Cookie:a=b",
        "/c/%ff%fe/caf%c3",
        "/c/les-pigistes/cafe/entrer",
        "/" + "a" * 4000,
        "/c/les-pigistes/cafe/au-revoir?raison=%00",
        "/static/%00/%00",
        "/?%00=%ff",
    ],
)
async def test_an_address_that_makes_no_sense(visitor: Visitor, path: str) -> None:
    assert await visitor.open_raw(path) < 500


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": "moulin_login=é; moulin_csrf=" + "é" * 32},
        {"Cookie": "moulin_login=....; moulin_lang=../../etc"},
        {"Cookie": "moulin_login=" + "A" * 4000},
        {"Accept-Language": "x" * 4000},
        {"Accept-Language": "fr;q=nan, en;q=inf"},
        {"X-Forwarded-For": "::::, 1.2.3.4.5"},
        {"Host": "a b'; script-src *"},
        {"Accept": "*"},
    ],
)
async def test_a_header_that_makes_no_sense(visitor: Visitor, headers: dict[str, str]) -> None:
    assert await visitor.open("/c/les-pigistes", **headers) < 500
    assert "script-src *" not in visitor.headers.get("Content-Security-Policy", "")


async def test_noise_on_the_wire_stops_nobody(server: TestServer, visitor: Visitor) -> None:
    rng = random.Random(42)
    beginning = b"POST /nom HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n"
    for _ in range(60):
        noise = bytearray(beginning + rng.randbytes(40))
        for _ in range(rng.randint(1, 6)):
            noise[rng.randrange(len(noise))] = rng.randrange(256)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(bytes(noise))
        writer.write_eof()
        async with asyncio.timeout(30):
            answer = await reader.read()
        assert b" 500 " not in answer.partition(b"\r\n")[0]
        writer.close()
    assert await visitor.open("/c/les-pigistes") == 200


@pytest.mark.parametrize("kind", [FORM, "application/json"])
async def test_a_body_that_never_comes_is_not_waited_for(
    server: TestServer, visitor: Visitor, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(fields, "BODY_SECONDS", 0.1)
    await visitor.open("/confidentialite")
    cookie = f"moulin_csrf={visitor.cookie('moulin_csrf')}"
    head = f"Host: 127.0.0.1\r\nContent-Type: {kind}\r\nCookie: {cookie}\r\n"
    if kind != FORM:
        head += f"X-CSRF-Token: {visitor.csrf_token}\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    begin = f"POST /c/les-pigistes/cafe/entrer HTTP/1.1\r\n{head}Content-Length: 40\r\n\r\nna"
    writer.write(begin.encode())
    async with asyncio.timeout(60):
        assert (await reader.readline()).split()[1] == b"400"
    writer.close()
