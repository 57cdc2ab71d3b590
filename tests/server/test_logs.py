"""What is logged: one line an event, and never a token."""

from __future__ import annotations

import logging

import pytest
import structlog

from server.logs import configure_logs, hide_secrets
from tests.conftest import MoulinFactory, log_plainly

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ6b2UifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"GET /rtc?access_token={JWT}&sdk=js", "GET /rtc?access_token=…&sdk=js"),
        (f"Authorization: Bearer {JWT}", "Authorization: Bearer …"),
        ("GET /i/AAAAAAAAAAAAAAAAAAAAAA", "GET /i/…"),
        ("http://localhost/cle/AAAAAAAAAAAAAAAAAAAAAA", "http://localhost/cle/…"),
        ("postgresql://moulin:pass@db/moulin", "postgresql://…@db/moulin"),
        ("GET /c/les-pigistes/cafe", "GET /c/les-pigistes/cafe"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, kept: str) -> None:
    assert hide_secrets(text) == kept


def test_neither_structlog_nor_the_standard_library_lets_one_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = logging.getLogger().handlers[:]
    try:
        configure_logs("debug", "json")
        structlog.stdlib.get_logger("test").info("joined", token="abc123", url=f"/rtc?t={JWT}")
        logging.getLogger("test").warning("refused %s", JWT)
        try:
            raise ValueError(JWT)
        except ValueError:
            logging.getLogger("test").exception("failed")
        written = capsys.readouterr().err
    finally:
        logging.getLogger().handlers[:] = before
        log_plainly()
    assert written.count("\n") == 3
    assert "abc123" not in written
    assert JWT not in written


async def test_no_token_of_a_whole_visit_is_in_the_log(moulin_factory: MoulinFactory) -> None:
    import aiohttp

    moulin = await moulin_factory(LOG_LEVEL="debug")
    key = moulin.owner_link.rpartition("/")[2]
    invitation = "AAAAAAAAAAAAAAAAAAAAAA"
    async with aiohttp.ClientSession() as client:
        for path in (f"/cle/{key}", f"/i/{invitation}", f"/rtc/validate?access_token={JWT}"):
            async with client.get(moulin.url + path) as answer:
                await answer.read()
    log = moulin.log().replace(moulin.owner_link, "")  # printed once, on purpose
    assert "/cle/{token}" in log
    for secret in (key, invitation, JWT, moulin.api_secret):
        assert secret not in log
