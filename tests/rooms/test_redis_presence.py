"""Presence among several processes by a real Redis: crossing, crashes, and Redis going away."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Callable

import pytest
from redis.asyncio import Redis as Client

from rooms.presence import Present
from rooms.redis_presence import BEAT, EXPIRY, RedisPresence
from tests.processes import ROOT, Redis
from tests.rooms.presence_waiting import identities, until, until_in

NEVER = 60.0
"""A heartbeat so slow that within a test only news can carry a change."""
PATIENT = 20.0
"""Seconds for one exchange: Redis answers in time, however long this machine takes."""
HASTY = 0.5
"""The same where Redis does not answer, and is waited for so long."""

Node = Callable[..., RedisPresence]


@pytest.fixture
def prefix() -> str:
    return f"moulin:{secrets.token_hex(4)}:"


@pytest.fixture
async def node(prefix: str) -> AsyncIterator[Node]:
    """Makes nodes of one cluster that beat fast and, unless told otherwise, expire late."""
    made: list[RedisPresence] = []

    def make(
        url: str, *, beat: float = 0.1, expiry: float = 30.0, timeout: float = PATIENT
    ) -> RedisPresence:
        presence = RedisPresence(url, prefix=prefix, beat=beat, expiry=expiry, timeout=timeout)
        made.append(presence)
        return presence

    yield make
    await asyncio.gather(*(presence.close() for presence in made))


def person(identity: str, *, name: str = "", since: float = 1.0, **state: str) -> Present:
    return Present("atelier", identity, name or identity, since, state)


def test_the_default_figures_forget_a_crashed_process_within_15_seconds() -> None:
    assert EXPIRY + BEAT < 15


def test_times_that_would_forget_the_living_are_refused() -> None:
    with pytest.raises(ValueError, match="outlive"):
        RedisPresence("redis://127.0.0.1:1/0", beat=5.0, expiry=6.0)


def test_an_address_that_is_none_of_redis_is_refused() -> None:
    with pytest.raises(ValueError, match="scheme"):
        RedisPresence("http://127.0.0.1:1/0")


async def test_changes_cross_by_news_alone(redis_url: str, node: Node) -> None:
    here, there = (node(redis_url, beat=NEVER, expiry=3 * NEVER) for _ in range(2))
    await asyncio.gather(here.start(), there.start())
    present = Present("atelier", "g_1", "Ève", 1234.5, {"status": "libre"})
    await here.enter(present)
    await until(there, "atelier", lambda who: who == (present,))
    await here.update("atelier", "g_1", name="Ève B.", state={"status": "occupée"})
    changed = Present("atelier", "g_1", "Ève B.", 1234.5, {"status": "occupée"})
    await until(there, "atelier", lambda who: who == (changed,))
    assert there.counts(["atelier", "café"]) == {"atelier": 1, "café": 0}
    await here.leave("atelier", "g_1")
    await until_in(there, "atelier")


async def test_a_late_comer_knows_everybody_once_started(redis_url: str, node: Node) -> None:
    here, third = node(redis_url), node(redis_url)
    await asyncio.gather(here.start(), third.start())
    for number in range(50):
        await here.enter(person(f"g_{number:02}"))
    await until(third, "atelier", lambda who: len(who) == 50)
    late = node(redis_url)
    await late.start()
    assert late.connected
    assert identities(late, "atelier") == [f"g_{number:02}" for number in range(50)]


async def test_people_who_entered_before_the_start_are_published(
    redis_url: str, node: Node
) -> None:
    here, there = node(redis_url), node(redis_url)
    await here.enter(person("early"))
    await asyncio.gather(here.start(), there.start())
    await until_in(there, "atelier", "early")


async def test_closing_leaves_at_once(redis_url: str, node: Node) -> None:
    here, there = (node(redis_url, beat=NEVER, expiry=3 * NEVER) for _ in range(2))
    await asyncio.gather(here.start(), there.start())
    await here.enter(person("g_1"))
    await there.enter(person("g_2"))
    await until_in(there, "atelier", "g_1", "g_2")
    closing = asyncio.create_task(here.close())
    await until_in(there, "atelier", "g_2")
    await closing


async def test_nothing_stays_in_redis_after_everybody_closed(
    redis_url: str, prefix: str, node: Node
) -> None:
    here = node(redis_url)
    await here.start()
    await here.enter(person("g_1"))
    await here.close()
    async with Client.from_url(redis_url, decode_responses=True) as client:
        assert [key async for key in client.scan_iter(f"{prefix}*")] in (
            [],
            [f"{prefix}presence:fence"],
        )


async def test_a_flood_of_changes_ends_in_the_same_picture_everywhere(
    redis_url: str, node: Node
) -> None:
    nodes = [node(redis_url) for _ in range(3)]
    await asyncio.gather(*(presence.start() for presence in nodes))
    left: dict[str, Present] = {}
    for turn in range(300):
        presence = nodes[turn % 3]
        present = person(f"g_{turn % 3}_{turn % 7}", since=float(turn))
        await presence.enter(present)
        left[present.identity] = present
        if turn % 5 == 0:
            await presence.leave("atelier", present.identity)
            del left[present.identity]
        if turn % 10 == 0:
            await asyncio.sleep(0)
    assert left
    for presence in nodes:
        await until(presence, "atelier", lambda who: {p.identity: p for p in who} == left)


async def test_a_killed_process_s_people_vanish(redis_url: str, prefix: str, node: Node) -> None:
    here = node(redis_url, beat=0.2, expiry=3.0)
    await here.start()
    await here.enter(person("stays"))
    process = await seat(redis_url, prefix, "crashes", beat=0.2, expiry=3.0)
    try:
        await until_in(here, "atelier", "stays", "crashes")
        # Heartbeats hold them for longer than one expiry: nobody is told of any change.
        with pytest.raises(AssertionError, match="shows"):
            await until(here, "atelier", lambda who: len(who) != 2, within=3.5)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    await until_in(here, "atelier", "stays")


async def test_a_process_frozen_for_long_is_forgotten_and_comes_back(
    redis_url: str, prefix: str, node: Node
) -> None:
    here = node(redis_url, beat=0.2, expiry=1.0)
    await here.start()
    process = await seat(redis_url, prefix, "frozen", beat=0.3, expiry=1.0)
    try:
        await until_in(here, "atelier", "frozen")
        os.kill(process.pid, signal.SIGSTOP)
        await until_in(here, "atelier")
        os.kill(process.pid, signal.SIGCONT)
        await until_in(here, "atelier", "frozen")
    finally:
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()


async def test_redis_killed_and_back_empty_loses_nobody(redis_server: Redis, node: Node) -> None:
    here, there = (node(redis_server.url, expiry=0.6) for _ in range(2))
    await asyncio.gather(here.start(), there.start())
    await here.enter(person("here"))
    await there.enter(person("there"))
    await until_in(here, "atelier", "here", "there")
    await until_in(there, "atelier", "here", "there")

    redis_server.kill()
    # The others can no longer be vouched for; one's own people can.
    await until_in(here, "atelier", "here")
    await until_in(there, "atelier", "there")
    await here.enter(person("meanwhile"))
    await here.update("atelier", "here", name="Renamed")
    await there.leave("atelier", "there")
    await there.enter(person("other"))
    assert identities(here, "atelier") == ["here", "meanwhile"]
    assert not here.connected

    await redis_server.start()
    for presence in (here, there):
        await until_in(presence, "atelier", "here", "meanwhile", "other")
    assert there.who("atelier")[0].name == "Renamed"
    await there.enter(person("after"))
    await until_in(here, "atelier", "here", "meanwhile", "other", "after")
    assert here.connected


async def test_a_short_absence_of_redis_is_not_seen_by_anyone(
    redis_server: Redis, node: Node
) -> None:
    here, there = (node(redis_server.url, beat=0.2, expiry=NEVER) for _ in range(2))
    await asyncio.gather(here.start(), there.start())
    await here.enter(person("here"))
    await there.enter(person("there"))
    for presence in (here, there):
        await until_in(presence, "atelier", "here", "there")
    seen: list[int] = []
    for presence in (here, there):
        presence.subscribe(lambda room, p=presence: seen.append(len(p.who(room))))  # type: ignore[misc]
    redis_server.kill()
    await redis_server.start()
    await there.enter(person("after"))
    for presence in (here, there):
        await until_in(presence, "atelier", "here", "there", "after")
    assert seen == [3, 3]


async def test_redis_emptied_while_connected_is_filled_again(
    redis_server: Redis, node: Node
) -> None:
    here, there = node(redis_server.url), node(redis_server.url)
    await asyncio.gather(here.start(), there.start())
    await here.enter(person("here"))
    await until_in(there, "atelier", "here")
    async with Client.from_url(redis_server.url) as client:
        await client.flushall()
    await here.enter(person("after"))
    await until_in(there, "atelier", "here", "after")
    late = node(redis_server.url)
    await late.start()
    await until_in(late, "atelier", "here", "after")


async def test_a_redis_that_hangs_holds_nobody_up(redis_server: Redis, node: Node) -> None:
    here, there = (node(redis_server.url, expiry=0.6, timeout=HASTY) for _ in range(2))
    await asyncio.gather(here.start(), there.start())
    await there.enter(person("there"))
    await until_in(here, "atelier", "there")
    os.kill(redis_server.pid, signal.SIGSTOP)
    try:
        with pytest.raises(StopIteration):  # it does not even wait once
            here.enter(person("here")).send(None)
        await until_in(here, "atelier", "here")
        late = node(redis_server.url, timeout=HASTY)
        async with asyncio.timeout(30):
            await late.start()
            await late.close()
    finally:
        os.kill(redis_server.pid, signal.SIGCONT)
    for presence in (here, there):
        await until_in(presence, "atelier", "here", "there")


async def test_it_starts_without_redis_and_finds_it_later(redis_server: Redis, node: Node) -> None:
    redis_server.kill()
    here, there = (node(redis_server.url, timeout=HASTY) for _ in range(2))
    async with asyncio.timeout(30):
        await asyncio.gather(here.start(), there.start())
    await here.enter(person("here"))
    assert identities(here, "atelier") == ["here"]
    await redis_server.start()
    await until_in(there, "atelier", "here")


async def test_news_missed_by_a_cut_subscription_are_caught_up(redis_url: str, node: Node) -> None:
    here, there = node(redis_url), node(redis_url)
    await asyncio.gather(here.start(), there.start())
    await here.enter(person("before"))
    await until_in(there, "atelier", "before")
    async with Client.from_url(redis_url) as client:
        await client.client_kill_filter(_type="pubsub")
    await here.leave("atelier", "before")
    await here.enter(person("missed"))
    await until_in(there, "atelier", "missed")
    await here.enter(person("next"))
    await until_in(there, "atelier", "missed", "next")


async def test_forged_or_foreign_news_harm_nobody(redis_url: str, prefix: str, node: Node) -> None:
    here, there = node(redis_url), node(redis_url)
    await asyncio.gather(here.start(), there.start())
    await there.enter(person("there"))
    await until_in(here, "atelier", "there")
    channel = f"{prefix}presence:changes"
    async with Client.from_url(redis_url) as client:
        for text in (
            *("", "x", "\n\n\n\n", "n\ne\nz\n\n", "n\ne\n1\n{}\n1 {}", "n\ne\n1\n[1\n"),
            f'{there.node}\nother epoch\n7\n["atelier", "ghost"]\n1 {{}}',
            f"{there.node}\n\n0\n\n",
        ):
            await client.publish(channel, text)
        await client.publish(channel, b"\xff\xfe")
        await client.sadd(f"{prefix}presence:nodes", "ghost")
    await there.enter(person("after"))
    await until_in(here, "atelier", "there", "after")


async def test_people_whom_another_version_wrote_strangely_are_left_out(
    redis_url: str, prefix: str, node: Node
) -> None:
    fields = ["epoch", "e", "version", "3", '["atelier", "odd"]', "5 []", "other", "x"]
    fields += ['["atelier", "good"]', '6 {"name": "Good", "since": 2, "state": {}}']
    async with Client.from_url(redis_url) as client:
        await client.hset(f"{prefix}presence:node:newer", items=fields)
        await client.sadd(f"{prefix}presence:nodes", "newer")
    here = node(redis_url)
    await here.start()
    assert here.who("atelier") == (Present("atelier", "good", "Good", 2.0, {}),)


async def test_somebody_who_moved_is_shown_once_as_the_newer_node_tells(
    redis_url: str, node: Node
) -> None:
    old, new, watcher = node(redis_url), node(redis_url), node(redis_url)
    await asyncio.gather(*(presence.start() for presence in (old, new, watcher)))
    # The second machine's clock is behind: what Redis numbered later still wins.
    await old.enter(person("g_1", name="Old", since=2000.0))
    await until(watcher, "atelier", lambda who: [p.name for p in who] == ["Old"])
    await new.enter(person("g_1", name="New", since=1000.0))
    for presence in (old, new, watcher):
        await until(presence, "atelier", lambda who: [p.name for p in who] == ["New"])
        assert presence.counts(["atelier"]) == {"atelier": 1}
    # The old node notices late, says so, and takes nobody of the new one out.
    await old.update("atelier", "g_1", name="Older")
    await old.leave("atelier", "g_1")
    await old.enter(person("mark"))
    await until(watcher, "atelier", lambda who: {p.name for p in who} == {"New", "mark"})
    await new.leave("atelier", "g_1")
    await until_in(watcher, "atelier", "mark")


async def test_somebody_who_moved_while_redis_was_away_is_the_newer_after_it(
    redis_server: Redis, node: Node
) -> None:
    old, new = node(redis_server.url), node(redis_server.url)
    await asyncio.gather(old.start(), new.start())
    await old.enter(person("g_1", name="Old"))
    await until(new, "atelier", lambda who: [p.name for p in who] == ["Old"])
    redis_server.kill()
    await new.enter(person("g_1", name="New"))
    await redis_server.start()
    for presence in (old, new):
        await until(presence, "atelier", lambda who: [p.name for p in who] == ["New"])


async def seat(
    url: str, prefix: str, identity: str, *, beat: float, expiry: float
) -> asyncio.subprocess.Process:
    """A real process in which `identity` has entered."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.rooms.presence_process"),
        *(url, prefix, identity, str(beat), str(expiry)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        assert await process.stdout.readline() == b"seated\n"
    return process
