"""What every presence does, in memory and on a real Redis."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable

import pytest

from rooms.presence import MemoryPresence, Presence, Present
from rooms.redis_presence import RedisPresence
from tests.rooms.presence_waiting import identities


@pytest.fixture(params=["memory", "redis"])
def make(request: pytest.FixtureRequest) -> Callable[[], Presence]:
    """Makes a presence of the version under test."""
    if request.param == "memory":
        return MemoryPresence
    url: str = request.getfixturevalue("redis_url")
    return lambda: RedisPresence(url, prefix=f"moulin:{secrets.token_hex(4)}:")


@pytest.fixture
async def presence(make: Callable[[], Presence]) -> AsyncIterator[Presence]:
    made = make()
    await made.start()
    yield made
    await made.close()


def person(identity: str, *, room: str = "atelier", since: float = 100.0, **state: str) -> Present:
    return Present(room, identity, identity.capitalize(), since, state)


async def test_who_tells_since_when_with_what_name_and_state(presence: Presence) -> None:
    await presence.enter(Present("atelier", "g_1", "Ève", 1234.5, {"status": "occupée"}))
    assert presence.who("atelier") == (
        Present("atelier", "g_1", "Ève", 1234.5, {"status": "occupée"}),
    )


async def test_nobody_is_in_a_room_unheard_of(presence: Presence) -> None:
    assert presence.who("nulle part") == ()
    assert presence.counts(["nulle part"]) == {"nulle part": 0}


async def test_the_longest_there_comes_first(presence: Presence) -> None:
    for identity, since in (("c", 30.0), ("a", 10.0), ("b", 20.0), ("aa", 10.0)):
        await presence.enter(person(identity, since=since))
    assert identities(presence, "atelier") == ["a", "aa", "b", "c"]


async def test_counts_are_by_room(presence: Presence) -> None:
    await presence.enter(person("a"))
    await presence.enter(person("b"))
    await presence.enter(person("a", room="café"))
    assert presence.counts(["atelier", "café", "vide"]) == {"atelier": 2, "café": 1, "vide": 0}


async def test_leaving_one_room_leaves_no_other(presence: Presence) -> None:
    await presence.enter(person("a"))
    await presence.enter(person("a", room="café"))
    await presence.leave("atelier", "a")
    assert identities(presence, "atelier") == []
    assert identities(presence, "café") == ["a"]


async def test_entering_again_begins_a_new_stay(presence: Presence) -> None:
    await presence.enter(person("a", since=10.0, status="pause"))
    await presence.enter(person("a", since=20.0))
    assert presence.who("atelier") == (person("a", since=20.0),)


async def test_update_changes_the_name_or_the_whole_state(presence: Presence) -> None:
    await presence.enter(person("a", since=10.0, status="pause", task="lire"))
    await presence.update("atelier", "a", name="Ali")
    await presence.update("atelier", "a", state={"status": "occupé"})
    assert presence.who("atelier") == (Present("atelier", "a", "Ali", 10.0, {"status": "occupé"}),)


async def test_strangers_are_neither_updated_nor_taken_out(presence: Presence) -> None:
    await presence.enter(person("a"))
    await presence.update("atelier", "b", name="Béa")
    await presence.update("café", "a", name="Béa")
    await presence.leave("atelier", "b")
    await presence.leave("café", "a")
    assert presence.who("atelier") == (person("a"),)
    assert presence.who("café") == ()


async def test_listeners_are_told_of_each_visible_change_and_no_other(presence: Presence) -> None:
    told: list[str] = []
    unsubscribe = presence.subscribe(told.append)
    await presence.enter(person("a"))
    await presence.enter(person("a"))
    await presence.update("atelier", "a", name="A")
    await presence.update("atelier", "b", name="A")
    await presence.enter(person("b", room="café"))
    await presence.leave("café", "b")
    await presence.leave("café", "b")
    assert told == ["atelier", "café", "café"]
    unsubscribe()
    unsubscribe()
    await presence.leave("atelier", "a")
    assert len(told) == 3


async def test_a_listener_that_fails_harms_no_other(presence: Presence) -> None:
    told: list[str] = []

    def fails(room: str) -> None:
        raise RuntimeError(room)

    presence.subscribe(fails)
    presence.subscribe(told.append)
    await presence.enter(person("a"))
    assert told == ["atelier"]


async def test_a_listener_sees_the_change_it_is_told_of(presence: Presence) -> None:
    seen: list[list[str]] = []
    presence.subscribe(lambda room: seen.append(identities(presence, room)))
    await presence.enter(person("a"))
    await presence.leave("atelier", "a")
    assert seen == [["a"], []]


async def test_the_same_listener_twice_is_two_subscriptions(presence: Presence) -> None:
    told: list[str] = []
    presence.subscribe(told.append)
    presence.subscribe(told.append)()
    await presence.enter(person("a"))
    assert told == ["atelier"]


async def test_closing_takes_everybody_out(presence: Presence) -> None:
    await presence.enter(person("a"))
    await presence.close()
    assert presence.who("atelier") == ()
