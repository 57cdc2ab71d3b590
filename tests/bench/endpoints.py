"""The two other processes of the benchmark: one that publishes and one that counts what arrives."""

from __future__ import annotations

import select
import socket
import struct
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection

from pylibsrtp import Error, Policy, Session

from rooms.rtp.codecs import Codec

VIDEO = Codec("VP8", 90000, 1, 96, 97)
AUDIO = Codec("opus", 48000, 2, 111)
PROFILE = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
KEY = bytes(range(28))
PUBLISHERS = 4
DECRYPTED = 16  # one packet in so many is decrypted by the counting process
_HEADER = struct.Struct("!BBHII")
_OPENED = 512  # packets read from a socket at one go


@dataclass(frozen=True)
class Load:
    """What is offered: packets in per second over all publishers, each forwarded `fanout` times."""

    fanout: int
    payload: int
    rate: int
    seconds: float

    @property
    def codec(self) -> Codec:
        return VIDEO if self.payload >= 1000 else AUDIO

    @property
    def name(self) -> str:
        return f"forward_fanout_{self.fanout}_{self.payload}"


def srtp_session(direction: int) -> Session:
    """A session as DTLS would make it, with the benchmark's one key."""
    policy = Policy(key=KEY, ssrc_type=direction, srtp_profile=PROFILE)
    policy.window_size = 1024
    policy.allow_repeat_tx = True
    return Session(policy)


def ssrc_of(publisher: int) -> int:
    """The SSRC that a publisher sends."""
    return 0x1000 + publisher


def _packet(load: Load, publisher: int, number: int) -> bytes:
    """The packet `number` of a stream: VP8 in frames of ten packets, or Opus with its level."""
    sequence = (1000 + number) & 0xFFFF
    ssrc = ssrc_of(publisher)
    if load.codec is AUDIO:
        head = _HEADER.pack(0x90, 111, sequence, number * 960 & 0xFFFFFFFF, ssrc)
        return head + bytes((0xBE, 0xDE, 0, 1, 0x10, 20, 0, 0)) + bytes(load.payload)
    frame, place = divmod(number, 10)
    marker = 0x80 if place == 9 else 0
    head = _HEADER.pack(0x80, marker | 96, sequence, frame * 3000 & 0xFFFFFFFF, ssrc)
    start = 0x10 if place == 0 else 0
    picture = frame & 0x7FFF
    key = 0 if frame < 20 else 1
    descriptor = bytes(
        (0x80 | start, 0xE0, 0x80 | picture >> 8, picture & 0xFF, frame & 0xFF, 0x20)
    )
    return head + descriptor + bytes((key,)) + bytes(load.payload - 7)


def publish(pipe: Connection, server: tuple[str, int]) -> None:
    """Process: send each Load that comes through `pipe`, evenly; answer with how many packets."""
    sockets = []
    for _ in range(PUBLISHERS):
        each = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        each.bind(("127.0.0.1", 0))
        sockets.append(each)
    pipe.send([each.getsockname() for each in sockets])
    while True:
        load = pipe.recv()
        if load is None:
            return
        pipe.send(_publish(load, sockets, server))


def _publish(load: Load, sockets: list[socket.socket], server: tuple[str, int]) -> int:
    sessions = [srtp_session(Policy.SSRC_ANY_OUTBOUND) for _ in sockets]
    began = time.perf_counter()
    sent = 0
    while (elapsed := time.perf_counter() - began) < load.seconds:
        due = int(elapsed * load.rate)
        # After a pause that the machine forced on us, do not flood: the load is the point.
        for index in range(sent, min(due, sent + 64)):
            number, publisher = divmod(index, PUBLISHERS)
            data = sessions[publisher].protect(_packet(load, publisher, number))
            sockets[publisher].sendto(data, server)
        sent = max(sent, min(due, sent + 64))
        time.sleep(0.001)
    return sent


def count(pipe: Connection, most: int) -> None:
    """Process: hold one socket a subscriber; on each request, tell what arrived since the last.

    `pipe` carries True to ask and None to end; the answers are (received, decrypted, refused).
    """
    sockets = []
    for _ in range(most):
        each = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        each.bind(("127.0.0.1", 0))
        each.setblocking(False)
        sockets.append(each)
    pipe.send([each.getsockname() for each in sockets])
    poll = select.epoll()
    by_number = {each.fileno(): each for each in sockets}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    poll.register(pipe.fileno(), select.EPOLLIN)
    counts = [0, 0, 0]
    session = srtp_session(Policy.SSRC_ANY_INBOUND)
    while True:
        for number, _ in poll.poll():
            if number in by_number:
                _read(by_number[number], session, counts)
            elif pipe.recv() is None:
                return
            else:
                pipe.send(tuple(counts))
                counts = [0, 0, 0]
                session = srtp_session(Policy.SSRC_ANY_INBOUND)


def _read(source: socket.socket, session: Session, counts: list[int]) -> None:
    buffer = bytearray(2048)
    view = memoryview(buffer)
    for _ in range(_OPENED):
        try:
            size = source.recv_into(buffer)
        except BlockingIOError:
            return
        if 192 <= buffer[1] <= 223:
            continue
        counts[0] += 1
        if counts[0] % DECRYPTED:
            continue
        try:
            session.unprotect(bytes(view[:size]))
            counts[1] += 1
        except Error:
            counts[2] += 1
