"""Synthetic coworkers look alive, unlike each other, and sit where asked with our token."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import time
from pathlib import Path

import pytest
from livekit import rtc

from server.demo import DemoUnavailable, assign_seats, find_office, hum, run_demo
from server.demo_pictures import HEIGHT, WIDTH, Portrait
from server.settings import Settings
from server.signalling.tokens import sign, verify
from tests.conftest import MoulinFactory
from tests.processes import ROOT, Moulin

START_LIMIT = 90
NOW = 1_700_000_000.0


def settings(folder: Path) -> Settings:
    """Settings of a server whose data is in `folder`."""
    return Settings(data_dir=folder, api_key="key", api_secret="s" * 32)


def test_a_portrait_is_a_whole_picture_that_moves() -> None:
    portrait = Portrait(0, random.Random(1))
    first, later = portrait.frame(0), portrait.frame(1)
    assert len(first) == len(later) == WIDTH * HEIGHT * 3 // 2
    assert first != later
    assert len(set(first[: WIDTH * HEIGHT])) > 40


def test_neighbours_look_unlike_each_other() -> None:
    pictures = {Portrait(number, random.Random(number)).frame(0) for number in range(6)}
    assert len(pictures) == 6


def test_the_tone_is_soft_and_begins_and_ends_in_silence() -> None:
    samples = hum(220)
    assert max(samples) < 0.06 * 32767
    assert abs(samples[0]) < 10
    assert abs(samples[-1]) < 10


def test_each_seat_has_its_name_and_a_token_for_the_room(tmp_path: Path) -> None:
    seats = assign_seats(settings(tmp_path), "of_1", 14, "http://localhost:8080/", NOW)
    assert len({seat.name for seat in seats}) == 14
    claims = [verify(seat.token, {"key": "s" * 32}, NOW + 3600) for seat in seats]
    assert {claim.room for claim in claims} == {"of_1"}
    assert len({claim.identity for claim in claims}) == 14
    assert claims[0].attributes == {"note": seats[0].note, "status": "available"}


def test_more_people_than_chairs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DemoUnavailable, match="from 1 to 50"):
        run_demo(settings(tmp_path), people=51)


async def test_without_a_server_the_reason_is_said(tmp_path: Path) -> None:
    with pytest.raises(DemoUnavailable, match="cannot read the offices"):
        await find_office(settings(tmp_path), "")


@pytest.mark.interop
async def test_a_visitor_sees_them_at_work_until_they_are_sent_home(
    moulin_factory: MoulinFactory,
) -> None:
    moulin = await moulin_factory()
    demo = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "demo", "--people", "2", "--office", "concentration"),
        cwd=ROOT,
        env=moulin.env,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert demo.stdout is not None
        said = await asyncio.wait_for(demo.stdout.readline(), START_LIMIT)
        assert b"2 people sit at" in said
        picture, names = await asyncio.wait_for(visit(moulin), START_LIMIT)
        assert names == {"Maude", "F\u00e9lix"}
        assert picture.width * 9 == picture.height * 16
        demo.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(demo.wait(), 30) == 0
    finally:
        if demo.returncode is None:
            demo.kill()
            await demo.wait()


async def visit(moulin: Moulin) -> tuple[rtc.VideoFrame, set[str]]:
    """The first picture that a visitor of the office receives, and who is there."""
    office, _ = await find_office(settings(moulin.data_dir), "concentration")
    visitor = rtc.Room()
    tracks: asyncio.Queue[rtc.RemoteVideoTrack] = asyncio.Queue()

    def note(track: rtc.Track, *_: object) -> None:
        if isinstance(track, rtc.RemoteVideoTrack):
            tracks.put_nowait(track)

    visitor.on("track_subscribed", note)
    token = sign(
        moulin.api_key, moulin.api_secret, now=time.time(), identity="visitor", room=office
    )
    await visitor.connect(moulin.ws_url, token)
    stream = rtc.VideoStream(await tracks.get())
    try:
        async for event in stream:
            return event.frame, {each.name for each in visitor.remote_participants.values()}
        raise AssertionError("the stream ended without a picture")
    finally:
        await stream.aclose()
        await visitor.disconnect()
