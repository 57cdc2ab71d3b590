"""Connectivity checks: which are answered, and where they lead."""

from __future__ import annotations

import random

import pytest
from aioice import stun

from rooms.limits import Counters, Limits
from rooms.transport.ice_lite import Credentials, IceAgent, IceLite, Path, Verdict, new_credentials
from tests.rooms.transport.clients import check

HERE, THERE = Path("socket", ("192.0.2.1", 4000)), Path("socket", ("192.0.2.2", 4000))


class World:
    """An ICE-lite server with one agent, and a clock."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.counters = Counters()
        self.ice = IceLite(limits or Limits(), self.counters)
        self.agent = IceAgent(Credentials("ours", "p" * 24))
        self.ice.register(self.agent)
        self.now = 100.0

    def check(self, path: Path = HERE, *, nominate: bool = True, ufrag: str = "ours") -> Verdict:
        return self.ice.receive(check(ufrag, "p" * 24, nominate=nominate), path, self.now)


def test_the_answer_is_signed_and_says_the_address() -> None:
    world = World()
    verdict = world.check()
    assert verdict.agent is world.agent
    assert verdict.moved
    assert verdict.reply is not None
    answer = stun.parse_message(verdict.reply)
    assert answer.message_class == stun.Class.RESPONSE
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == ("192.0.2.1", 4000)
    assert answer.check_message_integrity(b"p" * 24)
    assert world.agent.selected == HERE


@pytest.mark.parametrize(
    ("address", "mapped"),
    [
        (("fd00::7", 9, 0, 0), ("fd00::7", 9)),
        (("fe80::7%eth0", 9, 0, 3), ("fe80::7", 9)),
    ],
)
def test_ipv6_addresses(address: tuple[str, int, int, int], mapped: tuple[str, int]) -> None:
    reply = World().check(Path("six", address)).reply
    assert reply is not None
    assert stun.parse_message(reply).attributes["XOR-MAPPED-ADDRESS"] == mapped


def test_a_stranger_gets_no_answer() -> None:
    world = World()
    for data, count in (
        (check("theirs", "p" * 24), "stun_unknown_ufrag"),
        (check("ours", "q" * 24), "stun_bad_integrity"),
        (b"\x00\x01" + bytes(18), "stun_not_a_check"),
        (b"", "stun_not_a_check"),
        (check("ours", "p" * 24)[:-8], "stun_malformed"),
        (bytes(5000), "stun_too_large"),
    ):
        before = world.counters[count]
        assert world.ice.receive(data, HERE, 1.0) == Verdict()
        assert world.counters[count] == before + 1
    assert world.agent.selected is None
    assert world.agent.last_check is None


def test_a_check_whose_integrity_was_stripped_is_not_answered() -> None:
    message = stun.Message(
        stun.Method.BINDING, stun.Class.REQUEST, attributes={"USERNAME": "ours:them"}
    )
    message.add_fingerprint()
    world = World()
    assert world.ice.receive(bytes(message), HERE, 1.0).reply is None
    assert world.counters["stun_bad_integrity"] == 1


def test_answers_and_indications_are_not_checks() -> None:
    world = World()
    for kind in (stun.Class.RESPONSE, stun.Class.INDICATION, stun.Class.ERROR):
        message = stun.Message(stun.Method.BINDING, kind, attributes={"USERNAME": "ours:them"})
        message.add_message_integrity(b"p" * 24)
        assert world.ice.receive(bytes(message), HERE, 1.0).reply is None


def test_the_path_nominated_last_is_used() -> None:
    world = World()
    world.check(HERE, nominate=False)
    assert world.agent.selected == HERE
    assert not world.check(THERE, nominate=False).moved
    assert world.agent.selected == HERE
    assert world.check(THERE).moved
    assert world.agent.selected == THERE
    assert not world.check(THERE).moved
    assert world.check(HERE).moved


def test_a_path_that_fell_silent_gives_way_to_one_that_speaks() -> None:
    world = World()
    world.check(HERE)
    world.now += 3
    assert not world.check(THERE, nominate=False).moved
    world.now += 1
    assert world.check(THERE, nominate=False).moved


def test_tcp_gives_way_to_udp_and_takes_its_place_when_that_falls_silent() -> None:
    world = World()
    line = Path("connection", ("192.0.2.1", 5000), tcp=True)
    world.check(line)
    assert world.agent.selected == line
    assert world.check(HERE).moved
    assert not world.check(line).moved
    world.now += 1.1
    assert world.check(line).moved


def test_after_a_restart_the_old_credentials_keep_alive_and_the_new_ones_move() -> None:
    world = World()
    world.check(HERE)
    world.agent.credentials = Credentials("anew", "p" * 24)
    world.ice.register(world.agent)
    world.now += 5
    verdict = world.check(THERE, ufrag="ours")
    assert verdict.reply
    assert not verdict.moved
    assert world.agent.last_check == world.now
    assert world.check(THERE, ufrag="anew").moved


def test_consent_lasts_as_long_as_checks_come() -> None:
    world = World()
    assert world.agent.consents(1e9, 30)  # nothing to expire before the first
    world.check()
    assert world.agent.consents(world.now + 30, 30)
    assert not world.agent.consents(world.now + 30.1, 30)


def test_checks_are_limited_each_second() -> None:
    world = World(Limits(stun_per_second=5))
    answered = [world.check().reply is not None for _ in range(8)]
    assert answered == [True] * 5 + [False] * 3
    assert world.counters["stun_too_many"] == 3
    world.now += 1
    assert world.check().reply


def test_addresses_are_limited_and_the_selected_one_stays() -> None:
    world = World(Limits(stun_addresses_per_peer=3))
    world.check(HERE)
    forgotten = []
    for port in range(5):
        world.now += 0.5
        verdict = world.check(Path("socket", ("192.0.2.9", port)), nominate=False)
        forgotten += [path.address[1] for path in verdict.forgotten]
    assert len(world.agent.paths) == 3
    assert HERE in world.agent.paths
    assert forgotten == [0, 1, 2]


def test_only_a_validated_path_may_be_preferred() -> None:
    world = World()
    world.check(HERE, nominate=False)
    assert not world.agent.prefer(THERE)
    world.check(THERE, nominate=False)
    assert world.agent.prefer(THERE)
    assert world.agent.selected == THERE


def test_a_forgotten_agent_is_a_stranger() -> None:
    world = World()
    world.agent.credentials = Credentials("anew", "p" * 24)
    world.ice.register(world.agent)
    assert len(world.ice) == 2
    world.ice.forget(world.agent)
    assert len(world.ice) == 0
    assert world.check().reply is None


def test_restart_after_restart_keeps_only_the_latest_credentials() -> None:
    world = World()
    for number in range(20):
        world.agent.credentials = Credentials(f"ufrag{number}", "p" * 24)
        world.ice.register(world.agent)
    assert len(world.ice) == 4
    assert world.check(ufrag="ours").reply is None
    assert world.check(ufrag="ufrag16").reply


def test_credentials_are_long_and_differ() -> None:
    rng = random.Random(1)
    made = [new_credentials(rng) for _ in range(100)]
    assert len({each.ufrag for each in made}) == 100
    assert all(len(each.pwd) >= 22 and len(each.ufrag) >= 4 for each in made)


def _changed(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randrange(1, 5)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return (
        bytes(changed[: rng.randrange(len(changed) + 1)]) if rng.random() < 0.3 else bytes(changed)
    )


def test_no_bytes_make_it_raise() -> None:
    rng = random.Random(42)
    world = World(Limits(stun_per_second=10**9))
    good = check("ours", "p" * 24)
    for _ in range(4000):
        world.ice.receive(_changed(good, rng), HERE, 1.0)
        world.ice.receive(rng.randbytes(rng.randrange(100)), HERE, 1.0)
        # Signed nonsense, which only a client of ours could send.
        message = stun.Message(
            stun.Method.BINDING, stun.Class.REQUEST, attributes={"USERNAME": "ours:x"}
        )
        kind = rng.choice([*stun.ATTRIBUTES_BY_TYPE, 0x7777])
        body = rng.randbytes(rng.randrange(12))
        raw = bytearray(bytes(message))
        raw += kind.to_bytes(2, "big") + len(body).to_bytes(2, "big") + body
        raw += bytes(-len(body) % 4)
        digest = stun.message_integrity(bytes(raw), b"p" * 24)
        raw += b"\x00\x08\x00\x14" + digest
        raw[2:4] = (len(raw) - 20).to_bytes(2, "big")
        world.ice.receive(bytes(raw), HERE, 1.0)
