"""Owns the local picture of who is in which room, as told by one or several nodes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

UNPUBLISHED = 2**62
"""The fence of a stay that no store has numbered yet: newer than all that have been."""

Listener = Callable[[str], None]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Present:
    """Somebody in a room: `since` in Unix seconds, `state` small public facts (`status`...)."""

    room: str
    identity: str
    name: str
    since: float
    state: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stay:
    """One person as one node tells it; of two stays of a person the greater fence is shown."""

    present: Present
    fence: int = UNPUBLISHED

    @property
    def key(self) -> tuple[str, str]:
        """Room and identity: one person may be in several rooms."""
        return self.present.room, self.present.identity

    def changed(self, name: str | None, state: Mapping[str, str] | None) -> Stay:
        """The same stay with another name or state, where given."""
        name = self.present.name if name is None else name
        state = self.present.state if state is None else dict(state)
        return replace(self, present=replace(self.present, name=name, state=state))


class Roster:
    """Every node's stays by room, and the listeners told when what is visible changes."""

    def __init__(self) -> None:
        self._rooms: dict[str, dict[str, dict[str, Stay]]] = {}
        self._keys: dict[str, set[tuple[str, str]]] = {}
        self._listeners: dict[object, Listener] = {}

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(room)` at each visible change until the returned function is called."""
        handle = object()
        self._listeners[handle] = listener

        def unsubscribe() -> None:
            self._listeners.pop(handle, None)

        return unsubscribe

    def who(self, room: str) -> tuple[Present, ...]:
        """Everybody in `room`, the longest there first."""
        people = self._rooms.get(room, {}).values()
        shown = (_newest(stays).present for stays in people)
        return tuple(sorted(shown, key=lambda present: (present.since, present.identity)))

    def count(self, room: str) -> int:
        """How many people are in `room`."""
        return len(self._rooms.get(room, {}))

    def get(self, node: str, room: str, identity: str) -> Stay | None:
        """The stay of this person as `node` told it."""
        return self._rooms.get(room, {}).get(identity, {}).get(node)

    def stays(self, node: str) -> tuple[Stay, ...]:
        """Every stay that `node` told."""
        return tuple(self._rooms[room][who][node] for room, who in self._keys.get(node, ()))

    def nodes(self) -> tuple[str, ...]:
        """Every node that has told of somebody."""
        return tuple(self._keys)

    def put(self, node: str, stay: Stay) -> None:
        """`node` says that this person is in, or has changed."""
        if self._put(node, stay):
            self._tell({stay.present.room})

    def remove(self, node: str, room: str, identity: str) -> None:
        """`node` says that this person is out; another node's stay becomes visible again."""
        if self._remove(node, room, identity):
            self._tell({room})

    def replace(self, node: str, stays: Iterable[Stay]) -> None:
        """`node` says that these people are in, and nobody else; only differences are told."""
        fresh = {stay.key: stay for stay in stays}
        gone = self._keys.get(node, set()) - fresh.keys()
        changed = {room for room, identity in gone if self._remove(node, room, identity)}
        changed.update(stay.present.room for stay in fresh.values() if self._put(node, stay))
        self._tell(changed)

    def _put(self, node: str, stay: Stay) -> bool:
        room, identity = stay.key
        stays = self._rooms.setdefault(room, {}).setdefault(identity, {})
        before = _newest(stays).present if stays else None
        stays[node] = stay
        self._keys.setdefault(node, set()).add(stay.key)
        return _newest(stays).present != before

    def _remove(self, node: str, room: str, identity: str) -> bool:
        people = self._rooms.get(room, {})
        stays = people.get(identity, {})
        if node not in stays:
            return False
        before = _newest(stays).present
        del stays[node]
        self._keys[node].discard((room, identity))
        if not self._keys[node]:
            del self._keys[node]
        if stays:
            return _newest(stays).present != before
        del people[identity]
        if not people:
            del self._rooms[room]
        return True

    def _tell(self, rooms: Iterable[str]) -> None:
        for room in sorted(rooms):
            for listener in tuple(self._listeners.values()):
                try:
                    listener(room)
                except Exception:
                    _log.exception("a presence listener failed")


def _newest(stays: Mapping[str, Stay]) -> Stay:
    return max(stays.items(), key=lambda item: (item[1].fence, item[0]))[1]
