"""Owns presence across processes: publishes this one's people by Redis and mirrors everybody's.

What is in Redis, and why, is told in `rooms/redis_stays.py`. Each process writes its own people
only, and is alone right about them; a heartbeat keeps them (a process that crashed is gone from the
others' mirrors after at most `expiry` + `beat` seconds). News come by pub/sub at once; each
heartbeat compares every node's edition with the mirror's, so that nothing missed stays missed.

While Redis is away, this process's people stay as they are and the others' are kept for `expiry`
seconds. When it is back, even empty, each process publishes all of its people again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import uuid
from collections.abc import Callable, Iterable, Mapping

from rooms.presence import Present
from rooms.redis_stays import Change, Edition, News, StayStore
from rooms.roster import UNPUBLISHED, Listener, Roster, Stay

BEAT = 3.0
"""Seconds between two heartbeats."""
EXPIRY = 10.0
"""Seconds after which a silent process's people are forgotten."""
TIMEOUT = 2.0
"""Seconds that one exchange with Redis may take."""
_FIRST_RETRY = 0.1

_log = logging.getLogger(__name__)


class RedisPresence:
    """Presence shared by every process that uses the same Redis and prefix; see `Presence`.

    Raises ValueError at once when `url` is none of Redis's or the times do not fit together.
    """

    def __init__(
        self,
        url: str,
        *,
        node: str | None = None,
        prefix: str = "moulin:",
        beat: float = BEAT,
        expiry: float = EXPIRY,
        timeout: float = TIMEOUT,
    ) -> None:
        if not 0 < beat * 2 <= expiry:
            raise ValueError("presence: people must outlive two heartbeats")
        self.node = node or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._store = StayStore(url, self.node, prefix=prefix, expiry=expiry, timeout=timeout)
        self._beat, self._expiry, self._timeout = beat, expiry, timeout
        self._roster = Roster()
        self._epoch: str | None = None  # None: everybody of ours is yet to be published
        self._pending: set[tuple[str, str]] = set()
        self._mirrored: dict[str, Edition] = {}
        self._stale: set[str] = set()
        self._wake = asyncio.Event()
        self._ready = asyncio.Event()
        self._subscribed = self._closing = False
        self._beat_due = self._spare_until = 0.0
        self._last_contact = 0.0
        self._failures = 0
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def connected(self) -> bool:
        """Whether the last exchange with Redis succeeded."""
        return self._failures == 0 and self._ready.is_set()

    async def start(self) -> None:
        """Begin; waits for the others' people, but no longer than one exchange may take."""
        self._last_contact = self._now()
        self._tasks = [
            asyncio.create_task(self._exchange(), name="presence exchange"),
            asyncio.create_task(self._listen(), name="presence news"),
        ]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timeout):
                await self._ready.wait()

    async def close(self) -> None:
        """Leave in order, within the time of three exchanges."""
        self._closing = True
        self._wake.set()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._timeout)
        self._tasks.clear()
        for last in (self._store.leave, self._store.close):
            try:
                await last()
            except Exception as error:
                _log.info("presence: not closed in order: %r", error)
        for node in self._roster.nodes():
            self._roster.replace(node, ())

    async def enter(self, present: Present) -> None:
        """See `Presence.enter`; told here at once, published in the background."""
        self._roster.put(self.node, Stay(present))
        self._publish(present.room, present.identity)

    async def update(
        self,
        room: str,
        identity: str,
        *,
        name: str | None = None,
        state: Mapping[str, str] | None = None,
    ) -> None:
        """See `Presence.update`."""
        stay = self._roster.get(self.node, room, identity)
        if stay is not None:
            self._roster.put(self.node, stay.changed(name, state))
            self._publish(room, identity)

    async def leave(self, room: str, identity: str) -> None:
        """See `Presence.leave`."""
        if self._roster.get(self.node, room, identity) is not None:
            self._roster.remove(self.node, room, identity)
            self._publish(room, identity)

    def who(self, room: str) -> tuple[Present, ...]:
        """See `Presence.who`."""
        return self._roster.who(room)

    def counts(self, rooms: Iterable[str]) -> dict[str, int]:
        """See `Presence.counts`."""
        return {room: self._roster.count(room) for room in rooms}

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """See `Presence.subscribe`."""
        return self._roster.subscribe(listener)

    def _publish(self, room: str, identity: str) -> None:
        if self._epoch is not None:  # else everybody is about to be published: nothing to collect
            self._pending.add((room, identity))
        self._wake.set()

    # -- the exchange with Redis, one task -----------------------------------------------------

    async def _exchange(self) -> None:
        while not self._closing:
            self._wake.clear()
            subscribed = self._subscribed
            try:
                await self._step()
            except Exception as error:  # whatever redis-py raises, presence must outlive it
                self._lost(error)
                await asyncio.sleep(min(self._beat, _FIRST_RETRY * 2 ** min(self._failures - 1, 8)))
                continue
            self._regained()
            if subscribed:
                self._ready.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(self._beat_due):
                    await self._wake.wait()

    async def _step(self) -> None:
        if self._epoch is None:
            await self._write_all()
        elif self._pending:
            await self._write_some(self._epoch)
        if self._now() >= self._beat_due and self._epoch is not None:
            await self._compare(self._epoch)
        if self._stale:
            await self._read()

    async def _write_all(self) -> None:
        epoch = uuid.uuid4().hex
        stays = self._roster.stays(self.node)
        # What changes while this is under way is written after it, as a change to it.
        self._epoch, self._pending = epoch, set()
        fences = await self._store.write(epoch, [Change(s.key, s) for s in stays], whole=True)
        self._number(stays, fences or [])

    async def _write_some(self, epoch: str) -> None:
        pending, self._pending = self._pending, set()
        stays = [self._roster.get(self.node, *key) for key in pending]
        changes = [Change(key, stay) for key, stay in zip(pending, stays, strict=True)]
        fences = await self._store.write(epoch, changes)
        if fences is None:
            self._emptied()
        else:
            self._number(stays, fences)

    def _number(self, stays: Iterable[Stay | None], fences: Iterable[int]) -> None:
        for stay, fence in zip(stays, fences, strict=True):
            # A stay that changed meanwhile is pending again, and will be numbered then.
            if stay is None or stay.fence != UNPUBLISHED:
                continue
            if self._roster.get(self.node, *stay.key) is stay:
                self._roster.put(self.node, Stay(stay.present, fence))

    async def _compare(self, epoch: str) -> None:
        known, editions = await self._store.beat(epoch)
        if not known:
            self._emptied()
        else:
            self._beat_due = self._now() + self._beat
        for node in self._mirrored.keys() - editions.keys():
            if self._now() >= self._spare_until:
                self._forget(node)
        for node, edition in editions.items():
            if node != self.node and self._mirrored.get(node) != edition:
                self._stale.add(node)

    async def _read(self) -> None:
        stale, self._stale = sorted(self._stale), set()
        told = await self._store.read(stale)
        for node, (edition, stays) in told.items():
            mirrored = self._mirrored.get(node)
            news_overtook = (
                mirrored is not None
                and mirrored.epoch == edition.epoch
                and mirrored.version > edition.version
            )
            if not news_overtook:
                self._mirrored[node] = edition
                self._roster.replace(node, stays)

    def _emptied(self) -> None:
        self._epoch = None
        self._spare()
        self._wake.set()

    def _spare(self) -> None:
        # A Redis that lost everything: the others need a moment to publish their people again.
        self._spare_until = self._now() + 2 * self._beat + self._timeout

    def _lost(self, error: Exception) -> None:
        if self._failures == 0:
            _log.warning("presence: Redis is away, only this process's people are sure: %r", error)
        self._failures += 1
        # Whether the last write arrived is unknown; all of it again needs no list of what is owed.
        self._epoch, self._beat_due = None, 0.0
        self._pending.clear()
        self._spare()
        if self._now() - self._last_contact >= self._expiry:
            for node in tuple(self._mirrored):
                self._forget(node)

    def _regained(self) -> None:
        self._last_contact = self._now()
        if self._failures:
            _log.info("presence: Redis is back")
            self._failures = 0

    def _forget(self, node: str) -> None:
        del self._mirrored[node]
        self._roster.replace(node, ())

    # -- the news, the other task --------------------------------------------------------------

    async def _listen(self) -> None:
        while not self._closing:
            try:
                await self._store.listen(self._on_subscribed, self._on_news, self._beat)
            except Exception as error:  # as above; what is missed is found by the next comparison
                _log.debug("presence: no news for a moment: %r", error)
            await asyncio.sleep(min(self._beat, _FIRST_RETRY * 5))

    def _on_subscribed(self) -> None:
        self._subscribed = True
        self._beat_due = 0.0
        self._wake.set()

    def _on_news(self, news: News) -> None:
        if news.node == self.node:
            return
        if news.edition is None:
            if news.node in self._mirrored:
                self._forget(news.node)
            return
        mirrored = self._mirrored.get(news.node)
        same_epoch = mirrored is not None and mirrored.epoch == news.edition.epoch
        if mirrored and same_epoch and news.edition.version <= mirrored.version:
            return
        follows = mirrored and same_epoch and news.edition.version == mirrored.version + 1
        if news.change is None or not follows:
            self._stale.add(news.node)
            self._wake.set()
            return
        self._mirrored[news.node] = news.edition
        if news.change.stay is None:
            self._roster.remove(news.node, *news.change.key)
        else:
            self._roster.put(news.node, news.change.stay)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
