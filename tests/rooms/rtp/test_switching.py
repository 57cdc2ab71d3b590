"""Simulcast: which layer feeds whom, and that no switch is seen in a subscriber's numbers."""

from __future__ import annotations

import itertools

import pytest

from rooms.rtp.incoming import IncomingTrack
from rooms.rtp.outgoing import OutgoingStream
from tests.rooms.rtp.wire import OPUS, VP8, Camera, Sent, Wire, continuous, subscriber, track_of

RIDS = ("q", "h", "f")


class Simulcast:
    """A publisher of three layers, of different numbering, on one clock."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.track: IncomingTrack = track_of(wire, VP8, RIDS)
        self.cameras = {
            rid: Camera(
                self.track.learn(rid, 10 + index, VP8),
                sequence=20_000 * index + 7,
                timestamp=(1 << 31) * index + 90_000,
                picture=1000 * (index + 1),
                size=index + 1,
            )
            for index, rid in enumerate(RIDS)
        }
        self.now = 1.0

    def film(self, frames: int, keys: str = "", layers: str = "qhf") -> None:
        """Publish frames on `layers`; the first is a keyframe on those in `keys`."""
        for number in range(frames):
            for rid in layers:
                self.cameras[rid].now = self.now
                self.cameras[rid].deliver(self.cameras[rid].frame(key=number == 0 and rid in keys))
            for rid in set(RIDS) - set(layers):  # the clock runs on
                self.cameras[rid].timestamp += 3000
            self.now += 1 / 30
        self.track.check(self.now)

    def report(self) -> None:
        """Sender reports for every layer, on one NTP clock."""
        for camera in self.cameras.values():
            ntp = int((3_900_000_000 + self.now) * 2**32)
            camera.stream.clock.update(ntp, camera.timestamp & 0xFFFFFFFF, self.now)

    def wanted(self, rid: str) -> bool:
        """True when the publisher would be asked for a keyframe on that layer."""
        return self.cameras[rid].stream.keyframes.wanted


@pytest.fixture
def simulcast() -> Simulcast:
    return Simulcast(Wire())


def layer_of(simulcast: Simulcast, out: OutgoingStream) -> str | None:
    """The layer that feeds `out` now."""
    return out.source.rid if out.source is not None else None


def forward_in_time(sent: list[Sent]) -> bool:
    """True when timestamps never go back, by the 32-bit rule."""
    return all(
        (b.timestamp - a.timestamp) & 0xFFFFFFFF < 1 << 31 for a, b in itertools.pairwise(sent)
    )


def test_the_best_layer_is_sent_when_all_is_wanted(simulcast: Simulcast) -> None:
    simulcast.film(1)
    out = subscriber(simulcast.track)
    assert simulcast.wanted("f")
    assert not simulcast.wanted("q")
    simulcast.film(2, keys="qhf")
    assert layer_of(simulcast, out) == "f"


def test_the_old_layer_goes_on_until_the_new_one_has_a_keyframe(simulcast: Simulcast) -> None:
    simulcast.film(1)
    out = subscriber(simulcast.track)
    simulcast.film(3, keys="f")
    out.want(0)
    before = len(simulcast.wire.to(out))
    simulcast.film(3)
    assert layer_of(simulcast, out) == "f"
    assert len(simulcast.wire.to(out)) == before + 9
    assert simulcast.wanted("q")
    simulcast.film(3, keys="q")
    assert layer_of(simulcast, out) == "q"
    assert not simulcast.wanted("q")


@pytest.mark.parametrize("reports", [True, False])
def test_switches_are_seamless(simulcast: Simulcast, reports: bool) -> None:
    simulcast.film(1)
    out = subscriber(simulcast.track)
    for target, rid in ((0, "q"), (2, "f"), (1, "h"), (2, "f"), (0, "q")):
        if reports:
            simulcast.report()
        out.want(target)
        simulcast.film(5, keys=rid)
        assert layer_of(simulcast, out) == rid
        simulcast.film(5)
    sent = simulcast.wire.to(out)
    assert continuous(sent)
    assert forward_in_time(sent)
    frames = [each for each in sent if each.payload[0] & 0x10]
    assert all((b.picture - a.picture) & 0x7FFF == 1 for a, b in itertools.pairwise(frames))
    assert all((b.tl0 - a.tl0) & 0xFF == 1 for a, b in itertools.pairwise(frames))
    steps = [(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in itertools.pairwise(frames)]
    # A switch may repeat an instant that the old layer has shown already: then one tick ahead.
    assert all(1 <= step <= 3001 for step in steps)
    assert sum(steps) == pytest.approx(3000 * (len(steps)), rel=0.1)


def test_timestamps_follow_the_publishers_clock_when_layers_arrive_unevenly(
    simulcast: Simulcast,
) -> None:
    """Sender reports align layers exactly, whatever the network did to the packets."""
    simulcast.film(1)
    out = subscriber(simulcast.track)
    simulcast.report()
    simulcast.film(5, keys="f")
    last = simulcast.wire.to(out)[-1].timestamp
    out.want(0)
    q = simulcast.cameras["q"]
    q.now = simulcast.now + 0.2  # late by 200 ms
    q.deliver(q.frame(key=True))
    assert (simulcast.wire.to(out)[-1].timestamp - last) & 0xFFFFFFFF == 3000


def test_what_came_before_the_switch_is_not_sent_late(simulcast: Simulcast) -> None:
    simulcast.film(1)
    out = subscriber(simulcast.track)
    simulcast.film(2, keys="f")
    q = simulcast.cameras["q"]
    q.now = simulcast.now
    early = q.frame()
    out.want(0)
    q.deliver(q.frame(key=True))
    count = len(simulcast.wire.to(out))
    q.deliver(early)
    assert len(simulcast.wire.to(out)) == count
    assert continuous(simulcast.wire.to(out))


def test_a_hidden_stream_stops_at_once_and_comes_back_with_a_keyframe(
    simulcast: Simulcast,
) -> None:
    simulcast.film(1)
    out = subscriber(simulcast.track)
    simulcast.film(3, keys="f")
    out.want(None)
    count = len(simulcast.wire.to(out))
    simulcast.film(60, keys="f")
    assert len(simulcast.wire.to(out)) == count
    out.want(2)
    simulcast.film(1)
    assert len(simulcast.wire.to(out)) == count
    simulcast.film(3, keys="f")
    sent = simulcast.wire.to(out)
    assert len(sent) == count + 9
    assert continuous(sent)
    assert (sent[count].timestamp - sent[count - 1].timestamp) & 0xFFFFFFFF == 62 * 3000


def test_a_stalled_layer_is_replaced_and_taken_again_when_it_is_back(simulcast: Simulcast) -> None:
    told: list[bool] = []
    simulcast.film(1)
    out = subscriber(simulcast.track)
    simulcast.film(3, keys="f")
    simulcast.track.on_layers = lambda: told.append(simulcast.track.stalled("f"))
    simulcast.film(50, layers="qh")
    assert told == [True]
    assert simulcast.wanted("h")
    simulcast.film(3, keys="h", layers="qh")
    assert layer_of(simulcast, out) == "h"
    simulcast.film(3)
    assert told == [True, False]
    assert simulcast.wanted("f")
    simulcast.film(3, keys="f")
    assert layer_of(simulcast, out) == "f"
    assert continuous(simulcast.wire.to(out))


def test_a_silent_publisher_keeps_its_subscribers_where_they_are(simulcast: Simulcast) -> None:
    simulcast.film(1)
    out = subscriber(simulcast.track)
    simulcast.film(3, keys="f")
    simulcast.now += 10
    simulcast.track.check(simulcast.now)
    assert layer_of(simulcast, out) == "f"
    simulcast.film(3)
    assert continuous(simulcast.wire.to(out))


def test_a_bandwidth_cap_holds_whatever_is_wanted(simulcast: Simulcast) -> None:
    simulcast.film(1)
    out = subscriber(simulcast.track)
    out.allow(1)
    simulcast.film(2, keys="qhf")
    assert layer_of(simulcast, out) == "h"
    out.want("f")
    simulcast.film(2, keys="qhf")
    assert layer_of(simulcast, out) == "h"
    out.allow(2)
    simulcast.film(2, keys="qhf")
    assert layer_of(simulcast, out) == "f"


def test_a_subscriber_without_a_path_waits_for_one(simulcast: Simulcast) -> None:
    simulcast.film(1)
    out = subscriber(simulcast.track)
    simulcast.film(2, keys="f")
    way = out.path
    out.set_path(None)
    count = len(simulcast.wire.to(out))
    simulcast.film(2, keys="f")
    out.set_path(way)
    simulcast.film(2, keys="f")
    assert len(simulcast.wire.to(out)) == count + 6
    assert continuous(simulcast.wire.to(out))


def test_a_layer_whose_ssrc_changes_is_followed(simulcast: Simulcast) -> None:
    simulcast.film(1)
    out = subscriber(simulcast.track)
    simulcast.film(2, keys="f")
    camera = simulcast.cameras["f"]
    camera.stream = simulcast.track.learn("f", 99, VP8)
    camera.sequence = 5
    simulcast.film(2, keys="qhf")
    assert out.source is camera.stream
    assert continuous(simulcast.wire.to(out))


def test_subscribers_do_not_disturb_each_other(simulcast: Simulcast) -> None:
    simulcast.film(1)
    outs = [subscriber(simulcast.track, 9000 + 2 * index, seed=index) for index in range(3)]
    for index, out in enumerate(outs):
        out.want(index)
    simulcast.film(3, keys="qhf")
    simulcast.track.remove_outgoing(outs[1])
    count = len(simulcast.wire.to(outs[1]))
    simulcast.film(3)
    assert len(simulcast.wire.to(outs[1])) == count
    assert [len(simulcast.wire.to(outs[i])) for i in (0, 2)] == [6, 18]
    assert all(continuous(simulcast.wire.to(out)) for out in outs)


def test_a_closed_track_feeds_nobody(simulcast: Simulcast) -> None:
    simulcast.film(1)
    out = subscriber(simulcast.track)
    simulcast.film(2, keys="f")
    simulcast.track.close()
    assert out.source is None
    assert out.track is None
    simulcast.track.add_outgoing(out, 0.0)
    assert simulcast.track.outgoing == []


def test_sound_resumes_at_the_next_packet() -> None:
    wire = Wire()
    track = track_of(wire, OPUS)
    stream = track.learn("", 1, OPUS)
    out = subscriber(track)
    for number in range(10):
        if number == 3:
            out.want(None)
        if number == 6:
            out.want(0)
        stream.receive(number, 960 * number, 0, b"sound", 1 + 0.02 * number)
    assert len(wire.to(out)) == 7
    assert continuous(wire.to(out))
    stamps = [each.timestamp for each in wire.to(out)]
    assert (stamps[3] - stamps[2]) & 0xFFFFFFFF == 4 * 960
