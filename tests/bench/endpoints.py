"""The two processes at the ends of every measured peer: one publishes, one counts what arrives."""

from __future__ import annotations

import select
import socket
import struct
import time
from dataclasses import dataclass, field
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
_STAMP = struct.Struct("!Q")  # when it was sent, in ns of the wall clock: the payload's last bytes
_FORCE = 33  # SO_RCVBUFFORCE, and
_TIMESTAMPS = 35  # SO_TIMESTAMPNS, which the socket module does not name
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


Address = tuple[str, int]


@dataclass
class Ends:
    """The sockets at one end of a peer, each with its SRTP key.

    Publishers also know where to send, and how much they did: their streams go on from run to run.
    """

    sockets: list[socket.socket]
    keys: list[bytes]
    servers: list[Address] = field(default_factory=list)
    sent: int = 0

    @property
    def addresses(self) -> list[Address]:
        """Where the sockets are."""
        return [each.getsockname() for each in self.sockets]


@dataclass(frozen=True)
class Arrived:
    """What the counting process saw since it was last asked; delays are in seconds."""

    packets: int = 0
    decrypted: int = 0
    refused: int = 0
    delays: tuple[float, ...] = ()

    def __add__(self, other: Arrived) -> Arrived:
        return Arrived(
            self.packets + other.packets,
            self.decrypted + other.decrypted,
            self.refused + other.refused,
            self.delays + other.delays,
        )


def grow(receiver: socket.socket) -> None:
    """Have the kernel keep what a busy counting process cannot read at once."""
    try:
        receiver.setsockopt(socket.SOL_SOCKET, _FORCE, 8 * 1024 * 1024)
    except PermissionError:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024 * 1024)


def plain_ends(count: int) -> Ends:
    """Sockets of the loopback that share the benchmark's one key."""
    sockets = []
    for _ in range(count):
        each = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        grow(each)
        each.bind(("127.0.0.1", 0))
        each.setblocking(False)
        sockets.append(each)
    return Ends(sockets, [KEY] * count)


def srtp_session(direction: int, key: bytes = KEY) -> Session:
    """A session as DTLS would make it, by default with the benchmark's one key."""
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=PROFILE)
    policy.window_size = 1024
    policy.allow_repeat_tx = True
    return Session(policy)


def ssrc_of(publisher: int) -> int:
    """The SSRC that a publisher sends."""
    return 0x1000 + publisher


def packet(load: Load, publisher: int, number: int) -> bytes:
    """The packet `number` of a stream: VP8 in frames of ten packets, or Opus with its level."""
    sequence = (1000 + number) & 0xFFFF
    ssrc = ssrc_of(publisher)
    stamp = _STAMP.pack(time.time_ns())
    if load.codec is AUDIO:
        head = _HEADER.pack(0x90, 111, sequence, number * 960 & 0xFFFFFFFF, ssrc)
        return head + bytes((0xBE, 0xDE, 0, 1, 0x10, 20, 0, 0)) + bytes(load.payload - 8) + stamp
    frame, place = divmod(number, 10)
    marker = 0x80 if place == 9 else 0
    head = _HEADER.pack(0x80, marker | 96, sequence, frame * 3000 & 0xFFFFFFFF, ssrc)
    start = 0x10 if place == 0 else 0
    picture = frame & 0x7FFF
    key = 0 if frame < 20 else 1
    descriptor = bytes(
        (0x80 | start, 0xE0, 0x80 | picture >> 8, picture & 0xFF, frame & 0xFF, 0x20)
    )
    return head + descriptor + bytes((key,)) + bytes(load.payload - 15) + stamp


def publish(pipe: Connection) -> None:
    """Process: take Ends by name; send each (name, Load) evenly, answer how many packets."""
    ends: dict[str, Ends] = {}
    while (order := pipe.recv()) is not None:
        name, what = order
        if isinstance(what, Load):
            pipe.send(_publish(what, ends[name]))
        else:
            ends[name] = what
            pipe.send(True)


def _publish(load: Load, ends: Ends) -> int:
    # Anew for each run: nothing here outlives 2^15 packets of a stream.
    sessions = [srtp_session(Policy.SSRC_ANY_OUTBOUND, key) for key in ends.keys]
    began = time.perf_counter()
    sent = 0
    while (elapsed := time.perf_counter() - began) < load.seconds:
        due = int(elapsed * load.rate)
        # After a pause that the machine forced on us, do not flood: the load is the point.
        for index in range(sent, min(due, sent + 64)):
            number, publisher = divmod(ends.sent + index, PUBLISHERS)
            data = sessions[publisher].protect(packet(load, publisher, number))
            ends.sockets[publisher].sendto(data, ends.servers[publisher])
        sent = max(sent, min(due, sent + 64))
        time.sleep(0.001)
    ends.sent += sent
    return sent


def count(pipe: Connection) -> None:
    """Process: take Ends by name and read them; True asks for an Arrived of what came since.

    A name that begins with "delay" has the delays of its first socket measured instead, by the
    kernel's own time of arrival, and the others left unread.
    """
    readers: dict[int, _Reader] = {}
    named: dict[str, list[int]] = {}
    poll = select.epoll()
    poll.register(pipe.fileno(), select.EPOLLIN)
    while True:
        for number, _ in poll.poll():
            if number in readers:
                readers[number].read()
                continue
            order = pipe.recv()
            if order is None:
                return
            if order is True:
                pipe.send(sum((each.take() for each in readers.values()), Arrived()))
                continue
            name, ends = order
            for old in named.pop(name, []):
                poll.unregister(old)
                del readers[old]
            timed = name.startswith("delay")
            for each, key in list(zip(ends.sockets, ends.keys, strict=True))[
                : 1 if timed else None
            ]:
                readers[each.fileno()] = _Reader(each, key, timed)
                named.setdefault(name, []).append(each.fileno())
                poll.register(each.fileno(), select.EPOLLIN)
            pipe.send(True)


class _Reader:
    """One socket read by the counting process."""

    def __init__(self, source: socket.socket, key: bytes, timed: bool) -> None:
        self._socket, self._timed = source, timed
        self._buffer = bytearray(2048)
        if timed:
            source.setsockopt(socket.SOL_SOCKET, _TIMESTAMPS, 1)
        self._session = srtp_session(Policy.SSRC_ANY_INBOUND, key)
        self._seen = self._packets = self._decrypted = self._refused = 0
        self._delays: list[float] = []

    def take(self) -> Arrived:
        """What came since the last time, unread datagrams included."""
        while self.read():
            pass
        found = Arrived(self._packets, self._decrypted, self._refused, tuple(self._delays))
        self._packets = self._decrypted = self._refused = 0
        self._delays = []
        return found

    def read(self) -> bool:
        """Read what waits, up to a limit; False when that was all."""
        read = self._read_timed if self._timed else self._read_one
        for _ in range(_OPENED):
            try:
                read()
            except BlockingIOError:
                return False
        return True

    def _read_one(self) -> None:
        buffer = self._buffer
        size = self._socket.recv_into(buffer)
        if buffer[0] < 128 or 192 <= buffer[1] <= 223:
            return
        self._packets += 1
        self._seen += 1
        if self._seen % DECRYPTED == 0:
            self._open(size)

    def _open(self, size: int) -> bytes:
        try:
            plain = self._session.unprotect(bytes(self._buffer[:size]))
        except Error:
            self._refused += 1
            return b""
        self._decrypted += 1
        return plain

    def _read_timed(self) -> None:
        buffer = self._buffer
        size, extra, _, _ = self._socket.recvmsg_into([buffer], 64)
        if buffer[0] < 128 or 192 <= buffer[1] <= 223:
            return
        self._packets += 1
        plain = self._open(size)
        for _, kind, data in extra:
            if plain and kind == _TIMESTAMPS:
                seconds, nanoseconds = struct.unpack("@ll", data[:16])
                sent = _STAMP.unpack(plain[-8:])[0]
                self._delays.append((seconds * 10**9 + nanoseconds - sent) / 1e9)
