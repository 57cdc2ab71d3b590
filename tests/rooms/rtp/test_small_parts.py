"""The small algorithms: layer choice, keyframe requests, loudness, budget, cache, clocks."""

from __future__ import annotations

import pytest

from rooms.rtp.bandwidth import LEAST, MOST, PublisherBudget
from rooms.rtp.keyframes import KeyframeRequests
from rooms.rtp.layers import choose, spatial_for_size, spatial_index
from rooms.rtp.packet import OPAQUE, Packet
from rooms.rtp.packet_cache import PacketCache
from rooms.rtp.reports import Reception, SenderClock
from rooms.rtp.speakers import AudioLevel

SIZES = [(320, 180), (640, 360), (1280, 720)]


@pytest.mark.parametrize(
    ("width", "height", "layer"),
    [(0, 0, 2), (160, 90, 0), (320, 180, 0), (350, 190, 0), (400, 225, 1), (700, 400, 1),
     (1280, 720, 2), (3840, 2160, 2), (180, 320, 0)],
)  # fmt: skip
def test_the_smallest_layer_that_covers_the_size_asked(width: int, height: int, layer: int) -> None:
    assert spatial_for_size(width, height, SIZES) == layer


def test_rids_have_their_place_in_whatever_order() -> None:
    assert [spatial_index(rid, ("f", "q", "h")) for rid in ("q", "h", "f")] == [0, 1, 2]
    assert [spatial_index(rid, ("lo", "hi")) for rid in ("lo", "hi", "")] == [0, 1, 0]


def test_the_best_layer_not_above_the_wish() -> None:
    assert choose(2, {0, 1}) == 1
    assert choose(1, {0, 1, 2}) == 1
    assert choose(0, {1, 2}) == 1
    assert choose(1, set()) is None


def test_a_keyframe_is_asked_for_until_it_comes_and_not_too_often() -> None:
    requests = KeyframeRequests(0.5)
    assert not requests.due(0.0)
    requests.ask()
    times = [tick * 0.02 for tick in range(100) if requests.due(tick * 0.02)]
    assert times == pytest.approx([0.0, 0.5, 1.0, 1.5])
    requests.came()
    assert not requests.due(10.0)
    assert requests.next_due() == float("inf")
    requests.ask()
    assert requests.due(10.0)


def test_speech_is_heard_and_silence_is_not() -> None:
    level = AudioLevel()
    for tick in range(100):
        level.observe(20, tick * 0.02)
    assert level.level(2.0) == pytest.approx(0.1, abs=0.01)
    for tick in range(100, 200):
        level.observe(127, tick * 0.02)
    assert level.level(4.0) == 0.0


def test_a_click_is_not_speech() -> None:
    level = AudioLevel()
    for tick in range(100):
        level.observe(10 if tick % 20 == 0 else 90, tick * 0.02)
    assert level.level(2.0) == 0.0


def test_a_microphone_that_stops_sending_falls_silent() -> None:
    level = AudioLevel()
    for tick in range(100):
        level.observe(5, tick * 0.02)
    assert level.level(2.0) > 0.4
    assert level.level(3.5) == 0.0


def test_the_budget_yields_to_heavy_loss_and_recovers() -> None:
    budget = PublisherBudget()
    start = budget.bitrate
    assert budget.reported(0.05) == start
    assert budget.reported(0.5) == int(start * 0.75)
    for _ in range(200):
        budget.reported(1.0)
    assert budget.bitrate == LEAST
    for _ in range(200):
        budget.reported(0.0)
    assert budget.bitrate == MOST


def test_the_cache_holds_the_latest_only() -> None:
    def packet(number: int) -> Packet:
        return number, 0, 0, OPAQUE, b"", 0, 0, 0, b""

    cache = PacketCache(100)  # 128
    for number in range(200):
        cache.put(packet(number))
    assert cache.get(71) is None
    assert cache.get(72) == packet(72)
    assert cache.get(200) is None


def test_the_senders_clock_maps_both_ways_over_the_wrap() -> None:
    clock = SenderClock(90_000)
    clock.update(3_900_000_000 << 32, 0xFFFFFF00, 5.0)
    assert clock.timestamp_of(clock.ntp_of(0x100)) == 0x100
    assert clock.ntp_of(0x100) > 3_900_000_000
    assert clock.at(6.0) == (3_900_000_001, (0xFFFFFF00 + 90_000) & 0xFFFFFFFF)


def test_a_sender_that_jumps_in_time_is_not_jitter() -> None:
    reception = Reception(90_000)
    reception.arrived(0, 0.0)
    reception.arrived(1 << 31, 1.0)
    assert reception.jitter == 0.0
