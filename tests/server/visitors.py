"""A visitor: one browser as a test drives it, with its cookies and its last page."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp.test_utils import BaseTestServer
from yarl import URL

from tests.server.agents import BROWSERS

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Visitor:
    """Opens pages, sends forms; `page`, `status`, `path`, `fragment` are of the last answer."""

    def __init__(self, server: BaseTestServer, **headers: str) -> None:
        self._server = server
        self.client = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            headers={
                "Accept-Language": "fr-CA",
                "Accept": "text/html",
                "User-Agent": BROWSERS["firefox"],
                **headers,
            },
        )
        self.page = ""
        self.status = 0
        self.path = ""
        self.fragment = ""
        self.headers: Any = {}
        self.csrf_token = ""
        self.set_cookies: list[str] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.client.close()

    async def open(self, path: str, **headers: str) -> int:
        """GET a page, redirects followed; returns the status."""
        async with self.client.get(self._url(path), headers=headers) as answer:
            return await self._keep(answer)

    async def send(self, path: str, **fields: str) -> int:
        """POST a form with the last page's token, redirects followed; returns the status."""
        if not self.csrf_token:
            await self.open("/confidentialite")
        async with self.client.post(
            self._url(path),
            data={"csrf_token": self.csrf_token, **fields},
            headers=self._sent_from,
        ) as answer:
            self.set_cookies = [
                value
                for each in (*answer.history, answer)
                for value in each.headers.getall("Set-Cookie", [])
            ]
            return await self._keep(answer)

    async def send_list(self, path: str, fields: list[tuple[str, str]]) -> int:
        """POST a form whose fields may come several times; returns the status."""
        if not self.csrf_token:
            await self.open("/confidentialite")
        data = [("csrf_token", self.csrf_token), *fields]
        url, headers = self._url(path), self._sent_from
        async with self.client.post(url, data=data, headers=headers) as answer:
            return await self._keep(answer)

    async def send_raw(self, path: str, body: bytes, headers: dict[str, str]) -> int:
        """POST any bytes at all; returns the status."""
        url = self._url(path)
        async with self.client.post(url, data=body, headers=headers) as answer:
            return await self._keep(answer)

    async def open_raw(self, path: str) -> int:
        """GET an address exactly as it is written, percent signs and all."""
        url = URL(str(self._server.make_url("/")).rstrip("/") + path, encoded=True)
        async with self.client.get(url) as answer:
            return await self._keep(answer)

    async def enter(self, path: str, **body: object) -> tuple[int, dict[str, Any]]:
        """POST JSON with the token, as a script does; returns the status and the JSON."""
        if not self.csrf_token:
            await self.open("/confidentialite")
        headers = {"X-CSRF-Token": self.csrf_token}
        async with self.client.post(self._url(path), json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    @asynccontextmanager
    async def listen(self, path: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer whose body goes on."""
        headers = {"Accept": "text/event-stream"}
        async with self.client.get(self._url(path), headers=headers) as answer:
            yield answer

    @property
    def text(self) -> str:
        """The last page, its character references read."""
        return html.unescape(self.page)

    def cookie(self, name: str) -> str:
        """The value of one of this browser's cookies; "" without it."""
        return next((each.value for each in self.client.cookie_jar if each.key == name), "")

    def steal_cookie(self, name: str, value: str) -> None:
        """Put a value of one's choice in one of this browser's cookies."""
        self.client.cookie_jar.update_cookies({name: value}, self._server.make_url("/"))

    @property
    def _sent_from(self) -> dict[str, str]:
        """What browsers say of the page that a form stood on."""
        return {"Referer": self._url(self.path)} if self.path else {}

    def _url(self, path: str) -> str:
        return str(self._server.make_url(path)) if path.startswith("/") else path

    async def _keep(self, answer: aiohttp.ClientResponse) -> int:
        self.page = await answer.text(errors="replace")
        self.status, self.path, self.headers = answer.status, answer.url.path_qs, answer.headers
        self.fragment = answer.real_url.fragment
        found = _TOKEN.search(self.page)
        if found:
            self.csrf_token = found[1]
        return answer.status
