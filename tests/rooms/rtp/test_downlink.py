"""Links that are wide, narrow, squeezed and lossy: what their subscribers get, in virtual time."""

from __future__ import annotations

import itertools
import random

import pytest

from rooms.rtp.downlink import Downlink, View
from rooms.rtp.estimate import ReceiverEstimate
from tests.rooms.rtp.squeezed import Studio, Viewer


def spatial(viewer: Viewer) -> list[int]:
    """The spatial layer of each video, -1 for none."""
    return [-1 if layer is None else layer[0] for layer in viewer.layers]


def test_a_wide_link_gets_the_best_at_once_and_is_never_probed() -> None:
    studio = Studio()
    viewer = Viewer(studio)
    studio.run(20)
    assert viewer.layers == [(2, 3)]
    assert len(viewer.changes) == 1
    assert viewer.padded == 0


@pytest.mark.parametrize("squeezed_for", [12, 40])
def test_a_squeezed_link_falls_at_once_and_climbs_back(squeezed_for: int) -> None:
    studio = Studio()
    viewer = Viewer(studio)
    studio.run(10)
    viewer.rate = 300_000
    squeezed = studio.now
    studio.run(2)
    assert spatial(viewer) == [0]
    studio.run(2)
    assert viewer.rate_sent(5) < 300_000
    studio.run(squeezed_for - 9)
    viewer.rate = 5e6
    studio.run(20)
    assert spatial(viewer) == [2]
    times = [at for at, _ in viewer.changes if at >= squeezed]
    gaps = [
        after - at
        for (at, layers), (after, _) in itertools.pairwise(viewer.changes)
        if layers == [None]
    ]
    assert max(gaps) < 0.5, "the lower layer begins at once"
    assert min(at for at in times if at > squeezed + 2.5) > squeezed + 10, "nothing rises for 10 s"


@pytest.mark.parametrize("camera", [500_000, 750_000, 1_600_000])
def test_a_receiver_that_says_too_little_all_along_is_followed_by_what_is_lost(camera: int) -> None:
    studio = Studio()
    studio.bitrates["f"] = camera
    viewer = Viewer(studio, misjudged=140_000)
    studio.run(10)
    assert viewer.layers == [(2, 3)]
    viewer.rate = 300_000
    studio.run(1.8)
    assert spatial(viewer) == [0]
    studio.run(10.2)
    viewer.rate = 5e6
    studio.run(20)
    assert spatial(viewer) == [2]


def test_a_link_that_stays_narrow_is_tried_less_and_less() -> None:
    studio = Studio()
    viewer = Viewer(studio, 250_000)
    studio.run(20)
    tried = []
    for _ in range(8):
        before = viewer.padded
        studio.run(12)
        tried.append((viewer.padded - before) * 8 / 12)
    assert spatial(viewer) == [0]
    assert max(tried[2:]) < 30_000, "bits per second of repeats"


def test_random_loss_alone_does_not_take_the_picture_away() -> None:
    studio = Studio()
    viewer = Viewer(studio, loss=0.1)
    studio.run(30)
    assert spatial(viewer) == [2]


def test_the_most_important_picture_is_the_best_on_a_narrow_link() -> None:
    studio = Studio(4)
    viewer = Viewer(studio, 1.2e6)
    viewer.priorities = [0, 2, 0, 1]
    studio.run(40)
    seen = spatial(viewer)
    assert min(seen) == 0
    assert seen[1] >= 1
    assert seen[1] >= max(seen)
    assert seen[3] >= max(seen[0], seen[2])


def test_pictures_pause_only_when_the_least_does_not_fit() -> None:
    studio = Studio(4)
    viewer = Viewer(studio, 200_000)
    viewer.priorities = [0, 0, 1, 0]
    studio.run(20)
    assert viewer.outs[2] not in viewer.downlink.paused
    assert 1 <= len(viewer.downlink.paused) <= 3
    viewer.rate = 5e6
    studio.run(45)
    assert not viewer.downlink.paused
    assert min(spatial(viewer)) >= 1


def test_a_moments_trouble_does_not_leave_the_only_picture_dark() -> None:
    studio = Studio()
    viewer = Viewer(studio)
    studio.run(10)
    viewer.rate = 60_000
    studio.run(4)
    assert viewer.downlink.paused
    viewer.rate = 5e6
    studio.run(5)
    assert not viewer.downlink.paused


@pytest.mark.parametrize("seed", range(3))
def test_where_packets_are_lost_anyhow_unsteady_moments_leave_nothing_dark(seed: int) -> None:
    studio = Studio()
    viewer = Viewer(studio, loss=0.1)
    viewer.rng = random.Random(seed)
    studio.run(10)
    for _ in range(8):
        for seconds in (1, 4):
            viewer.stall(0.25)
            studio.run(seconds)
    dark = [
        after - at
        for (at, layers), (after, _) in itertools.pairwise(viewer.changes)
        if not layers[0]
    ]
    assert max(dark, default=0.0) < 0.5


class Said:
    """A `downlink.Estimator` that says what it is told to."""

    def __init__(self) -> None:
        self.bitrate: float | None = None
        self.remb: float | None = None
        self.usual = 0.0
        self.complaints = 0
        self.stirred = False

    def complain(self, bitrate: float) -> None:
        """The link is found to carry no more than this."""
        self.bitrate = self.remb = bitrate
        self.complaints += 1

    def sent(self, bitrate: float, loss: float | None, now: float) -> None:
        """Nothing of it."""

    def excuse(self, bitrate: float) -> None:
        """Nothing of it."""

    def forget(self) -> None:
        """Nothing of it."""


def test_the_last_picture_goes_only_when_a_link_complains_of_it_twice() -> None:
    studio = Studio(2)
    viewer = Viewer(studio)
    studio.run(2)
    estimator = Said()
    downlink = Downlink(estimator)
    views = [View(out, priority) for out, priority in zip(viewer.outs, (0, 1), strict=True)]
    downlink.tick(views, (), studio.now)
    paused = []
    for after, bitrate in ((0.1, 400e3), (0.3, 40e3), (1, 40e3), (9, 40e3), (9.9, 40e3)):
        estimator.complain(bitrate)
        downlink.tick(views, (), studio.now + after)
        paused.append([out in downlink.paused for out in viewer.outs])
    assert paused == [[False, False], [True, False], [True, False], [True, False], [True, False]]
    estimator.complain(40e3)
    downlink.tick(views, (), studio.now + 10.6)
    assert downlink.paused == set(viewer.outs)


def test_a_complaint_for_which_nothing_was_lowered_puts_a_rise_off_for_three_seconds() -> None:
    studio = Studio()
    viewer = Viewer(studio)
    studio.run(2)
    estimator = Said()
    downlink = Downlink(estimator)
    views = [View(viewer.outs[0])]
    began = studio.now
    downlink.tick(views, (), began)
    tried = []
    for look in range(1, 120):
        if look == 5:
            estimator.complain(80e3)  # narrow: down to the least
        if look == 52:
            estimator.complain(40e3)  # busy for a moment: the last picture is spared
        if look == 53:
            estimator.bitrate = 5e6
        downlink.tick(views, (), began + look / 5)
        if downlink.padding is not None or viewer.outs[0].allowed != 0:
            tried.append(look)
    assert [each for each in tried if each < 5] == [1, 2, 3, 4]
    assert 52 + 3 * 5 <= next(each for each in tried if each >= 5) <= 52 + 5 * 5


def test_who_spares_the_last_picture_waits_no_less_after_a_downgrade() -> None:
    studio = Studio()
    viewer = Viewer(studio)
    studio.run(2)
    estimator = Said()
    downlink = Downlink(estimator)
    views = [View(viewer.outs[0])]
    began = studio.now
    downlink.tick(views, (), began)
    for look, bitrate in ((1, 80e3), (3, 40e3)):
        estimator.complain(bitrate)
        downlink.tick(views, (), began + look / 5)
    estimator.bitrate = 5e6
    for look in range(4, 50):
        downlink.tick(views, (), began + look / 5)
        assert viewer.outs[0].allowed == 0
        assert downlink.padding is None


@pytest.mark.parametrize(
    ("first", "then", "complaints"),
    [
        (390_000, 400_000, 0),  # begins with what came of late, and climbs
        (390_000, 390_000, 1),
        (390_000, 380_000, 1),
        (340_000, 350_000, 1),  # far below: at once
        (410_000, 400_000, 0),
    ],
)
def test_a_first_report_somewhat_below_what_is_sent_is_believed_if_the_next_says_no_more(
    first: int, then: int, complaints: int
) -> None:
    estimate = ReceiverEstimate()
    estimate.sent(500_000.0, 0.0, 10.0)
    estimate.reported(first, 10.1)
    assert estimate.complaints == (first < 350_000)
    estimate.reported(then, 10.4)
    assert estimate.complaints == complaints
    assert (estimate.bitrate is None) == (complaints == 0)
    estimate.reported(then, 10.7)
    assert estimate.complaints == complaints


@pytest.mark.parametrize(("usually", "full"), [(0.1, False), (0.0, True)])
def test_losses_like_those_of_any_time_are_not_a_full_queues(usually: float, full: bool) -> None:
    estimate = ReceiverEstimate()
    for look in range(100):
        estimate.sent(600_000.0, usually, look / 5)
    for report, at in ((620_000, 19.9), (560_000, 20.0)):
        estimate.reported(report, at)
    estimate.sent(600_000.0, 0.12, 20.2)
    assert estimate.bitrate is not None
    assert (estimate.bitrate < 560_000) == full
    estimate.sent(600_000.0, 0.3, 20.8)
    assert estimate.bitrate < 560_000


def test_others_are_not_disturbed_by_a_narrow_link() -> None:
    studio = Studio()
    wide, narrow = Viewer(studio), Viewer(studio, 250_000)
    studio.run(15)
    assert wide.layers == [(2, 3)]
    assert spatial(narrow) == [0]
    assert len(wide.changes) == 1
