"""Pretend coworkers that cost next to nothing: each shows the same few seconds over and over."""

from __future__ import annotations

import asyncio
import random
import struct
import sys
import time
from collections.abc import Iterable
from fractions import Fraction

import aiohttp
import av
import numpy as np
from pylibsrtp import Error, Policy, Session

from server.demo_pictures import HEIGHT, WIDTH, Portrait
from tests.bench.endpoints import srtp_session, ssrc_of
from tests.bench.signalled import Signalled

FRAMES_PER_SECOND = 15
LOOP_SECONDS = 4
SHOWN = (320, 180)
"""What a small tile is sent."""
BITRATE = 150_000
_PACKET = 1100
_HEADER = struct.Struct("!BBHII")
_RTCP = range(192, 224)
_FEEDBACK, _PLI, _FIR = 206, 1, 4
_PATIENCE = 0.5  # seconds between two keyframes that were asked for


def portrait(number: int) -> list[bytes]:
    """A coworker's loop, a VP8 picture each; the first is a keyframe."""
    drawn = Portrait(number, random.Random(number))
    encoder = av.CodecContext.create("libvpx", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height = SHOWN
    encoder.pix_fmt, encoder.bit_rate = "yuv420p", BITRATE
    encoder.time_base = Fraction(1, FRAMES_PER_SECOND)
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "g": "9999", "lag-in-frames": "0"}
    found = []
    for place in range(LOOP_SECONDS * FRAMES_PER_SECOND):
        planes = np.frombuffer(drawn.frame(place / FRAMES_PER_SECOND), np.uint8)
        picture = av.VideoFrame.from_ndarray(planes.reshape(HEIGHT * 3 // 2, WIDTH), "yuv420p")
        picture = picture.reformat(*SHOWN)
        picture.pts = place
        found += [bytes(each) for each in encoder.encode(picture)]
    return found + [bytes(each) for each in encoder.encode(None)]


class LoopedCamera:
    """One coworker's camera: a picture at a time, a keyframe whenever the server asks for one."""

    def __init__(self, person: Signalled, number: int) -> None:
        self._person, self._number = person, number
        self._frames = portrait(number)
        self._place = self._picture = self._sequence = 0
        self._key_at = 0.0
        self._sending: Session
        self._receiving: Session
        self._address: tuple[str, int]

    async def open(self) -> None:
        """Join and publish."""
        keys, remote = await self._person.publish("video", ssrc_of(self._number))
        self._sending = srtp_session(Policy.SSRC_ANY_OUTBOUND, keys.sending)
        self._receiving = srtp_session(Policy.SSRC_ANY_INBOUND, keys.receiving)
        self._address = remote.address
        asyncio.get_running_loop().add_reader(self._person.client.socket, self._read)

    async def close(self) -> None:
        """Leave."""
        asyncio.get_running_loop().remove_reader(self._person.client.socket)
        await self._person.close()

    def _read(self) -> None:
        data = self._person.client.socket.recv(2048)
        if len(data) < 8 or data[1] not in _RTCP:
            return
        try:
            plain = self._receiving.unprotect_rtcp(data)
        except Error:
            return
        while len(plain) >= 4:
            asks = plain[1] == _FEEDBACK and plain[0] & 31 in (_PLI, _FIR)
            if asks and time.monotonic() - self._key_at > _PATIENCE:
                self._place = 0  # the loop begins with a keyframe
                self._key_at = time.monotonic()
            plain = plain[4 * (1 + int.from_bytes(plain[2:4], "big")) :]

    def show(self) -> None:
        """Send the next picture."""
        frame = self._frames[self._place]
        self._place = (self._place + 1) % len(self._frames)
        stamp = self._picture * (90000 // FRAMES_PER_SECOND) & 0xFFFFFFFF
        picture = struct.pack("!H", 0x8000 | self._picture & 0x7FFF)
        self._picture += 1
        for start in range(0, len(frame), _PACKET):
            piece = frame[start : start + _PACKET]
            marker = 0x80 if start + _PACKET >= len(frame) else 0
            head = _HEADER.pack(
                0x80, marker | 96, self._sequence & 0xFFFF, stamp, ssrc_of(self._number)
            )
            self._sequence += 1
            descriptor = bytes((0x90 if start == 0 else 0x80, 0x80)) + picture
            packet = self._sending.protect(head + descriptor + piece)
            self._person.client.socket.sendto(packet, self._address)


async def run_cameras(url: str, tokens: Iterable[str]) -> None:
    """Seat a coworker for each token until cancelled; prints a line once all are in."""
    async with aiohttp.ClientSession() as http:
        cameras = [
            LoopedCamera(Signalled(http, url, token, "127.0.0.1"), number)
            for number, token in enumerate(tokens)
        ]
        try:
            for camera in cameras:
                await camera.open()
            print("everybody is in", flush=True)
            while True:
                began = time.monotonic()
                for camera in cameras:
                    camera.show()
                await asyncio.sleep(max(0.0, began + 1 / FRAMES_PER_SECOND - time.monotonic()))
        finally:
            for camera in cameras:
                await camera.close()


if __name__ == "__main__":
    asyncio.run(run_cameras(sys.argv[1], sys.argv[2:]))
