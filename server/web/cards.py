"""The pictures that links unfurl into: addressed by what they say, drawn in threads, kept on disk.

A card's address carries its own words, signed, so that an address made once is drawn again by any
process for ever, and nobody but the house can have anything drawn. Other words make another
address: networks that keep previews for weeks never show an old picture for a new place.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from aiohttp import web
from itsdangerous import BadData, URLSafeSerializer

from server.cards.card import Card, from_values, to_values
from server.cards.drawing import draw_card
from server.keys import CARDS
from server.web.refused import Refused
from server.web.static_files import A_YEAR

MOST_IN_MEMORY = 64
MOST_ON_DISK = 1000
MOST_WAITING = 32
LONGEST_CODE = 2000


class Cards:
    """Makes cards' addresses and draws what they ask for, each card once."""

    def __init__(self, folder: Path, secret_key: str) -> None:
        self._folder = folder
        self._signer = URLSafeSerializer(
            secret_key, salt="moulin.card", signer_kwargs={"digest_method": hashlib.sha256}
        )
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._waiting: dict[str, asyncio.Future[bytes]] = {}
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="cards")

    def path(self, card: Card) -> str:
        """The card's address on this server, which changes with its words and its drawing."""
        return f"/cartes/{self._signer.dumps(to_values(card))}.jpg"

    def read(self, code: str) -> Card | None:
        """The card that an address of ours asks for; None for any other address."""
        if len(code) > LONGEST_CODE:
            return None
        try:
            return from_values(self._signer.loads(code))
        except (BadData, ValueError):
            return None

    async def picture(self, code: str, card: Card) -> bytes:
        """The JPEG of a card; raises Refused when too many wait to be drawn."""
        name = hashlib.sha256(code.encode()).hexdigest()[:32]
        if name in self._memory:
            self._memory.move_to_end(name)
            return self._memory[name]
        drawn = self._waiting.get(name)
        if drawn is None:
            if len(self._waiting) >= MOST_WAITING:
                raise Refused(503, "too_many")
            loop = asyncio.get_running_loop()
            drawn = loop.run_in_executor(self._threads, self._found_or_drawn, name, card)
            self._waiting[name] = drawn
            drawn.add_done_callback(lambda _done: self._waiting.pop(name, None))
        picture = await asyncio.shield(drawn)
        self._memory[name] = picture
        while len(self._memory) > MOST_IN_MEMORY:
            self._memory.popitem(last=False)
        return picture

    def close(self) -> None:
        """Draw nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _found_or_drawn(self, name: str, card: Card) -> bytes:
        place = self._folder / f"{name}.jpg"
        with suppress(OSError):
            return place.read_bytes()
        picture = draw_card(card)
        with suppress(OSError):  # a full disk keeps nobody from seeing a card
            self._keep(place, picture)
        return picture

    def _keep(self, place: Path, picture: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = sorted(self._folder.glob("*.jpg"), key=lambda each: each.stat().st_mtime)
        for old in kept[: max(0, len(kept) - MOST_ON_DISK + 1)]:
            old.unlink(missing_ok=True)
        unfinished = place.with_suffix(f".{secrets.token_hex(4)}")
        unfinished.write_bytes(picture)
        os.replace(unfinished, place)


async def card_picture(request: web.Request) -> web.Response:
    """GET /cartes/{code}.jpg: the picture, for whoever previews a link."""
    cards, code = request.app[CARDS], request.match_info["code"]
    card = cards.read(code)
    if card is None:
        raise Refused(404, "not_found")
    picture = await cards.picture(code, card)
    return web.Response(
        body=picture,
        content_type="image/jpeg",
        headers={"Cache-Control": A_YEAR, "Cross-Origin-Resource-Policy": "cross-origin"},
    )
