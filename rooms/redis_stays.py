"""Owns what presence writes in Redis: the keys, the scripts that change them, and the news of it.

The keys, all below one prefix (`moulin:` unless told otherwise):

- `presence:nodes`: a set, the name of every node (process) that may hold people.
- `presence:node:<node>`: a hash with a time to live, renewed by the node's heartbeat. `epoch` names
  one whole publication, `version` counts the changes since; every other field is a JSON
  `[room, identity]`, its value `<fence> {"name", "since", "state"}`.
- `presence:fence`: the last fence given. A fence numbers a stay when it is first published: Redis's
  own microseconds, or one more than the last, so that it rises even when Redis comes back empty.
- `presence:changes`: a pub/sub channel of five lines, `node epoch version field value`; no value:
  the person is out; no field: read the node again; no epoch: the node has left in order.

Redis alone measures time here (TIME, time to live): the clocks of the machines are never compared.
A write and its news are one script, so versions arrive in order and a missing one is noticed. The
scripts reach keys that they compute, so this wants one Redis or Valkey, not a sharded cluster.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from rooms.roster import UNPUBLISHED, Present, Stay

_WRITE = """
local hash, nodes, fence_key = KEYS[1], KEYS[2], KEYS[3]
local node, channel, epoch, expiry, whole = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5] == '1'
if whole then
  redis.call('DEL', hash)
  redis.call('HSET', hash, 'epoch', epoch, 'version', 0)
elseif redis.call('HGET', hash, 'epoch') ~= epoch then
  return false
end
local time = redis.call('TIME')
local clock = tonumber(time[1]) * 1000000 + tonumber(time[2])
local last = tonumber(redis.call('GET', fence_key) or '0')
local fences = {}
for i = 6, #ARGV, 3 do
  local field, fence, value = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if value == '' then
    redis.call('HDEL', hash, field)
  else
    if fence == '0' then
      last = math.max(last + 1, clock)
      fence = string.format('%.0f', last)
    end
    value = fence .. ' ' .. value
    redis.call('HSET', hash, field, value)
  end
  fences[#fences + 1] = fence
  if not whole then
    local version = redis.call('HINCRBY', hash, 'version', 1)
    redis.call('PUBLISH', channel, table.concat({node, epoch, version, field, value}, '\\n'))
  end
end
redis.call('SET', fence_key, string.format('%.0f', last))
redis.call('PEXPIRE', hash, expiry)
redis.call('SADD', nodes, node)
if whole then
  redis.call('PUBLISH', channel, table.concat({node, epoch, 0, '', ''}, '\\n'))
end
return fences
"""

_BEAT = """
local hash, nodes = KEYS[1], KEYS[2]
local node, prefix, epoch, expiry = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local mine = redis.call('HGET', hash, 'epoch') == epoch
if mine then
  redis.call('PEXPIRE', hash, expiry)
  redis.call('SADD', nodes, node)
end
local told = {mine and '1' or '0'}
for _, other in ipairs(redis.call('SMEMBERS', nodes)) do
  local facts = redis.call('HMGET', prefix .. other, 'epoch', 'version')
  if facts[1] then
    told[#told + 1] = other
    told[#told + 1] = facts[1]
    told[#told + 1] = facts[2]
  else
    redis.call('SREM', nodes, other)
  end
end
return told
"""


@dataclass(frozen=True)
class Edition:
    """Which publication of a node, and how many changes since it."""

    epoch: str
    version: int


@dataclass(frozen=True)
class Change:
    """One person of this process to write: `stay` None takes them out."""

    key: tuple[str, str]
    stay: Stay | None


@dataclass(frozen=True)
class News:
    """What a node has just published; without `edition` it left, without `change` read it again."""

    node: str
    edition: Edition | None
    change: Change | None


class StayStore:
    """One node's side of the exchange with Redis; raises whatever redis-py or a time limit does."""

    def __init__(self, url: str, node: str, *, prefix: str, expiry: float, timeout: float) -> None:
        self._redis = Redis.from_url(
            url,
            decode_responses=True,
            protocol=2,
            # Time limits are set here, around each exchange: redis-py's own go through
            # asyncio.wait_for, which before Python 3.12 may swallow a cancellation.
            socket_timeout=None,
            socket_connect_timeout=timeout,
            # A lost connection must be seen here, where what was missed is asked for again.
            retry=Retry(NoBackoff(), 0),
        )
        self._node = node
        self._timeout = timeout
        self._expiry_ms = int(expiry * 1000)
        self._nodes = f"{prefix}presence:nodes"
        self._hashes = f"{prefix}presence:node:"
        self._fence = f"{prefix}presence:fence"
        self._channel = f"{prefix}presence:changes"
        self._write = self._redis.register_script(_WRITE)
        self._beat = self._redis.register_script(_BEAT)

    async def write(
        self, epoch: str, changes: Sequence[Change], *, whole: bool = False
    ) -> list[int] | None:
        """Write and announce `changes`; the fences of all, or None when Redis lost this epoch.

        With `whole`, they replace all that this node had told and begin `epoch`.
        """
        args = [self._node, self._channel, epoch, str(self._expiry_ms), "1" if whole else "0"]
        for change in changes:
            args += [json.dumps(change.key), *_encode(change.stay)]
        keys = [self._hashes + self._node, self._nodes, self._fence]
        fences = await self._limited(self._write(keys=keys, args=args))
        return None if fences is None else [int(fence) for fence in fences]

    async def beat(self, epoch: str) -> tuple[bool, dict[str, Edition]]:
        """Renew this node's people; whether Redis still has them, and every node alive."""
        args = [self._node, self._hashes, epoch, str(self._expiry_ms)]
        told = await self._limited(
            self._beat(keys=[self._hashes + self._node, self._nodes], args=args)
        )
        facts = zip(told[1::3], told[2::3], told[3::3], strict=True)
        editions = {other: Edition(theirs, int(version)) for other, theirs, version in facts}
        return told[0] == "1", editions

    async def read(self, nodes: Sequence[str]) -> dict[str, tuple[Edition, list[Stay]]]:
        """Everything that each of `nodes` tells now; those that are gone are left out."""
        pipeline = self._redis.pipeline(transaction=False)
        for node in nodes:
            pipeline.hgetall(self._hashes + node)
        replies = await self._limited(pipeline.execute())
        told = zip(nodes, replies, strict=True)
        return {node: _decode_hash(fields) for node, fields in told if "epoch" in fields}

    async def leave(self) -> None:
        """Take this node and its people out at once."""
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.delete(self._hashes + self._node)
        pipeline.srem(self._nodes, self._node)
        pipeline.publish(self._channel, "\n".join([self._node, "", "0", "", ""]))
        await self._limited(pipeline.execute())

    async def listen(
        self, subscribed: Callable[[], None], heard: Callable[[News], None], quiet: float
    ) -> None:
        """Tell news until the connection breaks, which raises; it is tried after `quiet` seconds.

        `subscribed` is called when news begin to arrive, and after any gap that they may have had.
        """
        pubsub = self._redis.pubsub()
        try:
            await self._limited(pubsub.subscribe(self._channel))
            await self._follow(pubsub, subscribed, heard, quiet)
        finally:
            await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def close(self) -> None:
        """Close the connections."""
        await self._limited(self._redis.aclose())

    async def _follow(
        self,
        pubsub: PubSub,
        subscribed: Callable[[], None],
        heard: Callable[[News], None],
        quiet: float,
    ) -> None:
        asked = False
        while True:
            async with asyncio.timeout(quiet + self._timeout):
                message = await pubsub.get_message(timeout=quiet)
            if message is None:
                if asked:
                    raise TimeoutError("Redis no longer answers on the channel of presence")
                await self._limited(pubsub.ping())
                asked = True
                continue
            asked = False
            if message["type"] == "subscribe":
                subscribed()
            elif message["type"] == "message" and (news := _decode_news(message["data"])):
                heard(news)

    async def _limited(self, exchange: Awaitable[Any]) -> Any:
        async with asyncio.timeout(self._timeout):
            return await exchange


def _encode(stay: Stay | None) -> tuple[str, str]:
    if stay is None:
        return "0", ""
    fence = 0 if stay.fence == UNPUBLISHED else stay.fence
    present = stay.present
    facts = {"name": present.name, "since": present.since, "state": dict(present.state)}
    return str(fence), json.dumps(facts)


def _decode(field: str, value: str) -> Stay:
    """Raises ValueError, KeyError or TypeError on what this version did not write."""
    room, identity = json.loads(field)
    fence, _, text = value.partition(" ")
    facts = json.loads(text)
    state = {str(key): str(value) for key, value in facts["state"].items()}
    present = Present(str(room), str(identity), str(facts["name"]), float(facts["since"]), state)
    return Stay(present, int(fence))


def _decode_hash(fields: Mapping[str, str]) -> tuple[Edition, list[Stay]]:
    edition = Edition(fields["epoch"], int(fields["version"]))
    return edition, list(_readable(fields.items()))


def _readable(fields: Iterable[tuple[str, str]]) -> Iterable[Stay]:
    for field, value in fields:
        if not field.startswith("["):
            continue
        try:
            yield _decode(field, value)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # another version of Moulin wrote it: its person is not shown, ours are


def _decode_news(data: str) -> News | None:
    """None when the text is not what this version writes: the next heartbeat tells what it was."""
    try:
        node, epoch, version, field, value = data.split("\n", 4)
        if not epoch:
            return News(node, None, None)
        edition = Edition(epoch, int(version))
        if not field:
            return News(node, edition, None)
        room, identity = json.loads(field)
        stay = _decode(field, value) if value else None
        return News(node, edition, Change((str(room), str(identity)), stay))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
