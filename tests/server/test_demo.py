"""Synthetic coworkers look alive, unlike each other, and sit where asked with our token."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from server.demo import DemoUnavailable, assign_seats, find_office, hum, run_demo
from server.demo_pictures import HEIGHT, WIDTH, Portrait
from server.settings import Settings
from server.signalling.tokens import verify

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
    assert claims[0].attributes == {"doing": seats[0].doing}


def test_more_people_than_chairs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DemoUnavailable, match="from 1 to 30"):
        run_demo(settings(tmp_path), people=31)


async def test_without_a_server_the_reason_is_said(tmp_path: Path) -> None:
    with pytest.raises(DemoUnavailable, match="cannot read the offices"):
        await find_office(settings(tmp_path), "")
