"""A video that its publisher can send in a second codec: asked for while somebody needs it."""

from __future__ import annotations

import pytest
from livekit.protocol.models import BackupCodecPolicy, DisconnectReason, SubscriptionError
from livekit.protocol.rtc import AddTrackRequest, SimulcastCodec

from rooms.dynacast import HIGH, OFF
from rooms.errors import NotAllowed
from rooms.events import Described, QualitiesWanted, SubscriptionFailed, TrackPublished
from rooms.participant import Participant
from rooms.rtp.codecs import Codec
from rooms.tracks import BACKUP_PATIENCE, PublishedTrack, SubscribedTrack, TrackSettings
from tests.rooms.seating import CHROMIUM_VIDEO, Ears, Seating, adding
from tests.rooms.transport.samples import offer_text

BACKUP = "the media again"
SIMULCAST = BackupCodecPolicy.SIMULCAST
REGRESSION = BackupCodecPolicy.PREFER_REGRESSION
SMALL = TrackSettings(width=320, height=180)


@pytest.fixture
async def seating() -> Seating:
    return Seating()


def both_codecs() -> str:
    """The publisher's offer, with a section more that carries its camera again."""
    head, audio, video, data = offer_text("chromium_publisher").split("\r\nm=")
    again = video.replace("a=mid:1", "a=mid:3").replace(CHROMIUM_VIDEO, BACKUP)
    head = head.replace("BUNDLE 0 1 2", "BUNDLE 0 1 2 3")
    return "\r\nm=".join([head, audio, video, data.rstrip(), again])


class Film:
    """Ana publishes in AV1 and may in VP8; `told` is what she was asked to send."""

    def __init__(
        self, seating: Seating, policy: BackupCodecPolicy = REGRESSION, codecs: str = "av1 vp8"
    ) -> None:
        self.seating = seating
        self.ana, self.hears = seating.join("ana")
        request = adding("video", CHROMIUM_VIDEO)
        request.backup_codec_policy = policy
        for at, codec in enumerate(codecs.split()):
            cid = "" if at else CHROMIUM_VIDEO
            request.simulcast_codecs.append(SimulcastCodec(codec=codec, cid=cid))
        self.ana.publish(request)
        seating.offer(self.ana)
        (self.track,) = self.ana.publications
        assert isinstance(self.track, PublishedTrack)
        self.flow(0)

    def told(self) -> list[dict[str, int]]:
        return [dict(event.codecs) for event in self.hears.heard(QualitiesWanted)]

    def flow(self, at: int) -> None:
        """A picture comes in that rendition."""
        rendition = self.track.renditions[at]
        assert rendition.incoming is not None
        codec = Codec(rendition.codec, 90000, 1, 96, 97)
        rendition.incoming.learn("q", 70 + at, codec)

    def send_backup(self, *, flows: bool = True) -> None:
        """Ana does what she was asked for, as `livekit-client` does."""
        layers = adding("video", layers=2).layers
        codec = SimulcastCodec(codec="vp8", cid=BACKUP, layers=layers)
        again = AddTrackRequest(cid=BACKUP, sid=self.track.sid, simulcast_codecs=[codec])
        again.type = adding("video").type
        self.ana.publish(again)
        self.ana.connection.answer(both_codecs(), 2)
        self.seating.settle()
        if flows:
            self.flow(1)

    def watch(self, name: str, *, av1: bool = True) -> tuple[Participant, Ears]:
        """Somebody who receives, with AV1 or without."""
        bob, hears = self.seating.join(name)
        text = offer_text("native_join")
        bob.connection.answer(text if av1 else text.replace(" AV1/", " XV1/"), 1)
        self.seating.settle()
        return bob, hears

    def wait(self, seconds: float) -> None:
        """Let time pass, with a look at its beginning."""
        self.seating.tick(0.4)
        self.seating.tick(seconds)

    def fed(self, bob: Participant) -> str:
        """The codec in which that person gets the track; '' while none comes."""
        (subscribed,) = bob.subscriptions
        assert isinstance(subscribed, SubscribedTrack)
        assert subscribed.out is not None
        return subscribed.out.track.codec.name if subscribed.out.track is not None else ""


async def test_the_backup_is_announced_and_not_asked_for_without_need(seating: Seating) -> None:
    film = Film(seating)
    (published,) = film.hears.heard(TrackPublished)
    assert [each.mime_type for each in published.track.codecs] == ["video/AV1", "video/VP8"]
    bob, _ = film.watch("bob")
    seating.tick(6)
    assert film.fed(bob) == "AV1"
    assert film.told() == []


@pytest.mark.parametrize("policy", [SIMULCAST, REGRESSION])
async def test_it_is_asked_for_at_once_and_reaches_who_needs_it(
    seating: Seating, policy: BackupCodecPolicy
) -> None:
    film = Film(seating, policy)
    bob, hears = film.watch("bob", av1=False)
    assert not hears.heard(SubscriptionFailed)
    assert film.told() == [{"av1": HIGH, "vp8": HIGH}]
    film.send_backup()
    assert film.fed(bob) == "VP8"
    published = film.hears.heard(TrackPublished)[-1]
    assert (published.cid, published.track.sid) == (BACKUP, film.track.sid)
    answer = film.hears.heard(Described)[-1].sdp
    assert "AV1" in answer.split("m=")[2]
    assert "VP8" in answer.split("m=")[4], "each section is answered with its own codec"
    first, backup = film.track.info.codecs
    assert (first.mime_type, first.mid, first.cid) == ("video/AV1", "1", CHROMIUM_VIDEO)
    assert (backup.mime_type, backup.mid, backup.cid) == ("video/VP8", "3", BACKUP)
    assert [each.width for each in backup.layers] == [320, 640]
    seating.tick(4)
    assert len(film.told()) == 1
    seating.tick(2)
    assert film.told()[-1] == {"av1": OFF, "vp8": HIGH}, "nobody looks at the first any more"


async def test_with_simulcast_each_keeps_the_best_codec_that_it_decodes(seating: Seating) -> None:
    film = Film(seating, SIMULCAST)
    eve, _ = film.watch("eve")
    bob, _ = film.watch("bob", av1=False)
    film.send_backup()
    assert (film.fed(eve), film.fed(bob)) == ("AV1", "VP8")
    eve.subscriptions.configure([film.track.sid], SMALL)
    film.wait(6)
    assert film.told()[-1] == {"av1": 0, "vp8": HIGH}, "qualities are those of each codec"
    bob.subscriptions.configure([film.track.sid], TrackSettings(disabled=True))
    seating.tick(4)
    assert film.told()[-1] == {"av1": 0, "vp8": HIGH}
    seating.tick(2)
    assert film.told()[-1] == {"av1": 0, "vp8": OFF}
    bob.subscriptions.configure([film.track.sid], SMALL)
    assert film.told()[-1] == {"av1": 0, "vp8": 0}


async def test_with_regression_all_go_to_the_backup_while_somebody_needs_it(
    seating: Seating,
) -> None:
    film = Film(seating)
    eve, _ = film.watch("eve")
    bob, _ = film.watch("bob", av1=False)
    assert film.fed(eve) == "AV1", "until the backup comes"
    film.send_backup()
    assert (film.fed(eve), film.fed(bob)) == ("VP8", "VP8")
    film.wait(6)
    assert film.told()[-1] == {"av1": OFF, "vp8": HIGH}
    late, _ = film.watch("late")
    assert film.fed(late) == "VP8"

    bob.subscriptions.configure([film.track.sid], TrackSettings(disabled=True))
    film.wait(12)
    assert film.fed(eve) == "VP8", "who looks away for a moment changes nothing for others"
    bob.leave(DisconnectReason.CLIENT_INITIATED)
    film.wait(6)
    assert film.told()[-1] == {"av1": HIGH, "vp8": HIGH}
    film.flow(0)
    assert (film.fed(eve), film.fed(late)) == ("AV1", "AV1")
    film.wait(12)
    assert film.told()[-1] == {"av1": HIGH, "vp8": OFF}


async def test_who_hides_it_from_the_start_asks_for_no_backup(seating: Seating) -> None:
    film = Film(seating)
    bob, _ = seating.join("bob")
    bob.subscriptions.configure([film.track.sid], TrackSettings(disabled=True))
    bob.connection.answer(offer_text("native_join").replace(" AV1/", " XV1/"), 1)
    seating.tick(1)
    assert film.told() == []
    bob.subscriptions.configure([film.track.sid], SMALL)
    assert film.told()[0]["vp8"] == 0


async def test_a_mute_silences_both_codecs_and_asks_for_nothing(seating: Seating) -> None:
    film = Film(seating, SIMULCAST)
    eve, _ = film.watch("eve")
    bob, _ = film.watch("bob", av1=False)
    film.send_backup()
    before = len(film.told())
    film.ana.mute(film.track.sid, True)
    outs = [one.out for person in (eve, bob) for one in person.subscriptions]
    assert [out.target for out in outs if out is not None] == [None, None]
    seating.tick(6)
    assert len(film.told()) == before
    film.ana.mute(film.track.sid, False)
    assert [out.target for out in outs if out is not None] == [HIGH, HIGH]


async def test_a_backup_that_ends_leaves_the_track_and_is_asked_for_anew(seating: Seating) -> None:
    film = Film(seating)
    eve, _ = film.watch("eve")
    film.watch("bob", av1=False)
    film.send_backup()
    gone = both_codecs()
    at = gone.index("a=mid:3")
    film.ana.connection.answer(gone[:at] + gone[at:].replace("a=sendonly", "a=inactive"), 3)
    (track,) = film.ana.publications
    assert track is film.track
    assert film.fed(eve) == "AV1"
    assert [each.mid for each in track.info.codecs] == ["1", ""]
    film.hears.events.clear()
    seating.tick(0.4)
    assert film.told() == [{"av1": HIGH, "vp8": HIGH}]


async def test_the_track_ends_with_all_its_codecs(seating: Seating) -> None:
    film = Film(seating)
    bob, _ = film.watch("bob", av1=False)
    film.send_backup()
    film.ana.connection.answer(both_codecs().replace("a=sendonly", "a=inactive"), 3)
    assert not list(film.ana.publications)
    assert not list(bob.subscriptions)


async def test_a_resume_tells_what_is_wanted_of_each_codec(seating: Seating) -> None:
    film = Film(seating, SIMULCAST)
    film.watch("bob", av1=False)
    film.hears.events.clear()
    film.ana.room.resumed(film.ana)
    assert film.told() == [{"av1": HIGH, "vp8": HIGH}]


async def test_only_codecs_that_were_announced_and_are_forwarded_are_backups(
    seating: Seating,
) -> None:
    film = Film(seating, codecs="h265 vp8")
    assert [each.mime_type for each in film.track.info.codecs] == ["video/VP8"]
    with pytest.raises(NotAllowed):
        film.send_backup()
    codec = SimulcastCodec(codec="vp8", cid=BACKUP)
    with pytest.raises(NotAllowed):
        film.ana.publish(
            AddTrackRequest(
                cid=BACKUP, sid="TR_x", type=adding("video").type, simulcast_codecs=[codec]
            )
        )


async def test_who_decodes_neither_codec_is_not_troubled(seating: Seating) -> None:
    film = Film(seating)
    bob, hears = seating.join("bob")
    text = offer_text("native_join").replace(" AV1/", " XV1/").replace(" VP8/", " XP8/")
    bob.connection.answer(text, 1)
    failed = [(each.track_sid, each.error) for each in hears.heard(SubscriptionFailed)]
    assert failed == [(film.track.sid, SubscriptionError.SE_CODEC_UNSUPPORTED)]
    assert film.told() == []


def failures(hears: Ears) -> list[tuple[str, SubscriptionError]]:
    return [(each.track_sid, each.error) for each in hears.heard(SubscriptionFailed)]


@pytest.mark.parametrize("policy", [SIMULCAST, REGRESSION])
async def test_who_waits_in_vain_for_the_backup_is_told_once_and_gets_it_if_it_comes_after_all(
    seating: Seating, policy: BackupCodecPolicy
) -> None:
    film = Film(seating, policy)
    eve, eve_hears = film.watch("eve")
    bob, hears = film.watch("bob", av1=False)
    film.wait(BACKUP_PATIENCE - 0.1)
    assert failures(hears) == [], "it may still come"
    seating.tick(0.2)
    assert failures(hears) == [(film.track.sid, SubscriptionError.SE_CODEC_UNSUPPORTED)]
    film.wait(60)
    assert len(failures(hears)) == 1
    assert failures(eve_hears) == []
    assert film.fed(eve) == "AV1"
    assert film.told()[-1]["vp8"] == HIGH, "it is still asked for"

    film.send_backup()
    assert film.fed(bob) == "VP8"
    film.wait(60)
    assert len(failures(hears)) == 1


async def test_a_backup_that_is_negotiated_and_never_flows_is_waited_for_no_longer(
    seating: Seating,
) -> None:
    film = Film(seating)
    _, hears = film.watch("bob", av1=False)
    film.send_backup(flows=False)
    film.wait(BACKUP_PATIENCE)
    assert len(failures(hears)) == 1


async def test_a_backup_that_ends_is_waited_for_anew(seating: Seating) -> None:
    film = Film(seating)
    _, hears = film.watch("bob", av1=False)
    film.send_backup()
    film.wait(60)
    assert failures(hears) == []
    gone = both_codecs()
    at = gone.index("a=mid:3")
    film.ana.connection.answer(gone[:at] + gone[at:].replace("a=sendonly", "a=inactive"), 3)
    film.wait(BACKUP_PATIENCE - 0.1)
    assert failures(hears) == []
    seating.tick(0.2)
    assert len(failures(hears)) == 1


async def test_nobody_waits_for_what_is_hidden_muted_or_cannot_be_told(seating: Seating) -> None:
    film = Film(seating)
    bob, hears = film.watch("bob", av1=False)
    bob.subscriptions.configure([film.track.sid], TrackSettings(disabled=True))
    film.wait(60)
    bob.subscriptions.configure([film.track.sid], SMALL)
    film.ana.mute(film.track.sid, True)
    film.wait(60)
    film.ana.mute(film.track.sid, False)
    film.wait(BACKUP_PATIENCE - 0.1)
    bob.listen(None, seating.now)
    seating.tick(0.4)
    bob.listen(hears, seating.now)
    film.wait(BACKUP_PATIENCE - 0.1)
    assert failures(hears) == []
    seating.tick(0.2)
    assert len(failures(hears)) == 1


async def test_two_connections_agree_on_what_the_answer_keeps(seating: Seating) -> None:
    film = Film(seating)
    people = {}
    for name, kept in (("eve", " AV1/"), ("bob", " XV1/")):
        people[name], hears = seating.join(name, single=False)
        seating.settle()
        offer = hears.heard(Described)[-1]
        assert " AV1/90000" in offer.sdp
        assert " VP8/90000" in offer.sdp
        answer = offer.sdp.replace("setup:actpass", "setup:active").replace(" AV1/", kept)
        answer = answer.replace("sendonly", "recvonly").replace("a=ice-lite\r\n", "")
        people[name].connection.accept_answer(answer, offer.id)
    assert film.fed(people["eve"]) == "AV1"
    assert film.told() == [{"av1": HIGH, "vp8": HIGH}]
    film.send_backup()
    assert [film.fed(each) for each in people.values()] == ["VP8", "VP8"]
