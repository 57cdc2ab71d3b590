"""When packets came, as told to their sender: everything that came is told, once and in time."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.rtp import rtcp
from rooms.rtp.transport_feedback import MOST_BYTES, TICKS, ArrivalReports, TransportFeedback


def make(reports: ArrivalReports, arrived: dict[int, float]) -> list[bytes]:
    return reports.make(1, 9, [(number, round(at * 1e6)) for number, at in arrived.items()])


def read(packets: list[bytes]) -> list[TransportFeedback]:
    found = []
    for packet in packets:
        assert len(packet) % 4 == 0
        (item,) = rtcp.parse(packet)
        assert isinstance(item, TransportFeedback)
        found.append(item)
    return found


def told(reports: list[TransportFeedback]) -> dict[int, float]:
    return {number: ticks / TICKS for each in reports for number, ticks in each.arrivals}


def numbers(report: TransportFeedback) -> list[int]:
    return [(report.base + at) & 0xFFFF for at in range(report.count)]


def test_arrivals_are_told_to_a_quarter_of_a_millisecond() -> None:
    arrived = {10: 100.0, 11: 100.0012, 12: 100.0012, 13: 100.02}
    (report,) = read(make(ArrivalReports(), arrived))
    assert (report.ssrc, report.base, report.count, report.report) == (9, 10, 4, 0)
    for number, seconds in told([report]).items():
        assert 0 <= arrived[number] - seconds + 1e-9 < 1 / TICKS
    assert numbers(report) == list(arrived)


def test_a_known_report_has_the_bytes_of_the_draft() -> None:
    # Reference 400 (25.6 s); 3 came: 0.25 ms, 0 and 70 ms after it; one missing between.
    arrived = {0xFFFF: 25.60025, 0: 25.60025, 2: 25.67025}
    (packet,) = make(ArrivalReports(), arrived)
    assert packet.hex(" ") == (
        "af cd 00 06 00 00 00 01 00 00 00 09 ff ff 00 04 00 01 90 00"
        " d4 80 01 00 01 18 00 02"
    )  # fmt: skip


def test_what_never_came_is_missing_between_reports_too() -> None:
    reports = ArrivalReports()
    make(reports, {1: 1.0, 2: 1.01})
    (report,) = read(make(reports, {5: 1.1}))
    assert (report.base, report.count, report.report) == (3, 3, 1)
    assert set(told([report])) == {5}


def test_numbers_wrap() -> None:
    reports = ArrivalReports()
    first = read(make(reports, {0xFFFE: 1.0, 0xFFFF: 1.0, 0: 1.001}))
    second = read(make(reports, {1: 1.1}))
    assert numbers(first[0]) == [0xFFFE, 0xFFFF, 0]
    assert numbers(second[0]) == [1]


def test_what_came_late_is_told_with_what_was_told_before() -> None:
    reports = ArrivalReports()
    make(reports, {1: 1.0, 2: 1.01, 4: 1.02})
    (report,) = read(make(reports, {3: 1.11, 5: 1.12}))
    assert (report.base, report.count) == (3, 3)
    assert told([report]) == {3: 1.11, 4: 1.02, 5: 1.12}


def test_what_came_far_too_late_is_let_go() -> None:
    reports = ArrivalReports()
    for start in range(0, 40, 10):
        make(reports, {n: start / 100 for n in range(start, start + 10) if n != 5})
    assert make(reports, {5: 0.5}) == []


def test_a_sender_that_counts_anew_is_followed() -> None:
    reports = ArrivalReports()
    make(reports, {50_000: 1.0, 50_001: 1.0})
    (report,) = read(make(reports, {30_000: 1.1, 30_001: 1.1}))
    assert numbers(report) == [30_000, 30_001]


def test_packets_of_one_burst_that_overtook_the_first_are_told() -> None:
    (report,) = read(make(ArrivalReports(), {8: 1.0, 7: 1.001, 9: 1.002}))
    assert told([report]) == {7: 1.001, 8: 1.0, 9: 1.002}


def test_long_gaps_take_few_bytes_and_long_silences_a_report_of_their_own() -> None:
    reports = ArrivalReports()
    (packet,) = make(reports, {1: 1.0, 30_000: 1.01})
    assert len(packet) < 40
    packets = make(reports, {30_001: 1.02, 30_002: 60.0})
    assert told(read(packets)) == {30_001: 1.02, 30_002: 60.0}
    assert len(packets) == 2


def test_reports_are_bounded_and_counted() -> None:
    rng = random.Random(4)
    at, arrived = 1.0, {}
    for number in range(4000):
        at += rng.random() * 0.12
        if rng.random() < 0.7:
            arrived[number] = at
    packets = make(ArrivalReports(), arrived)
    found = read(packets)
    assert max(map(len, packets)) <= MOST_BYTES
    assert [each.report for each in found] == list(range(len(found)))
    assert told(found).keys() == arrived.keys()


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 60_000)), min_size=1, max_size=60),
    st.integers(0, 0xFFFF),
)
def test_all_that_came_is_told_at_its_time(steps: list[tuple[int, int]], start: int) -> None:
    arrived: dict[int, float] = {}
    number, ticks = start, 10_000_000
    for ahead, later in steps:
        number, ticks = number + 1 + ahead, ticks + later
        arrived[number & 0xFFFF] = ticks / TICKS
    packets = make(ArrivalReports(), arrived)
    assert told(read(packets)) == arrived
    assert max(map(len, packets)) <= MOST_BYTES


@pytest.mark.parametrize(
    "body",
    [
        "000000010000000200010001000001",
        "0000000100000002000100010000010020",  # a status, and no time
        "00000001000000020001ffff00000100 3fff",  # eight thousand times that are not there
        "00000001000000020001000100000100 2000 01 00",  # an empty run
        "00000001000000020001000100000100 f000 01 00",  # a reserved status
    ],
)
def test_what_is_malformed_is_refused(body: str) -> None:
    raw = bytes.fromhex(body)
    raw += bytes(-len(raw) % 4)
    with pytest.raises(rtcp.RtcpError):
        rtcp.parse(bytes((0x8F, 205, 0, len(raw) // 4)) + raw)


@given(st.binary(max_size=400))
def test_no_bytes_can_do_more_than_be_refused(body: bytes) -> None:
    body += bytes(-len(body) % 4)
    head = bytes((0x8F, 205)) + (len(body) // 4).to_bytes(2, "big")
    try:
        (report,) = rtcp.parse(head + body)
    except rtcp.RtcpError:
        return
    assert isinstance(report, TransportFeedback)
    assert len(report.arrivals) <= len(body)


@pytest.mark.parametrize("start", [100, 0xFFF0])
@pytest.mark.parametrize("step", [0, 3, 70, 400])
def test_the_short_way_says_what_the_long_way_does(
    start: int, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(9)
    at, short, long = 5_000_000, ArrivalReports(), ArrivalReports()
    for count in (1, 7, 40, 3, 700, 701, 2):
        arrived = []
        for _ in range(count):
            at += rng.randrange(step * 1000 + 1)
            arrived.append((start & 0xFFFF, at))
            start += 1
        made = short.make(1, 2, arrived)
        with monkeypatch.context() as patch:
            patch.setattr(long, "_plain", lambda *_: None)
            assert made == long.make(1, 2, arrived)
    late = [(start + 1 & 0xFFFF, at), (start & 0xFFFF, at), (start - 2 & 0xFFFF, at + 900)]
    assert short.make(1, 2, late) == long.make(1, 2, late)
