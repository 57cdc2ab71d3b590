"""The records of a DTLS 1.2 connection whose handshake is over, without I/O (RFC 6347)."""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from rooms.errors import MalformedPacket

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23
CLOSE_NOTIFY = bytes((1, 0))
"""What the warning `close_notify` says (RFC 5246 section 7.2)."""
FATAL = b"\x02"
FINISHED = b"\x14"

HEADER = 13
_VERSION = 0xFEFD
_EPOCH = 1  # of all that one handshake protects; we agree to no second one
_MOST = 1 << 14  # bytes of plain text (RFC 6347 section 4.1)
_SEQUENCE = (1 << 48) - 1
# RFC 9325 section 4.4 has the limits of RFC 8446 and RFC 9147 hold for DTLS 1.2 too: 2^34.5 blocks
# of AES-GCM, of which a packet of SCTP's has 76 at most, and 2^36 forged records of either kind.
_MOST_SEALED = 1 << 28
_MOST_FORGED = 1 << 36
_WINDOW = 64
_TAG = 16
_HEADER = struct.Struct("!BHQH")  # type, version, epoch and sequence number, length
_BOUND = struct.Struct(
    "!QBHH"
)  # what is authenticated beside the content (RFC 5246 section 6.2.3.3)


@dataclass(frozen=True, slots=True)
class Suite:
    """How a cipher suite makes a nonce of the numbers of a record."""

    aead: type[AESGCM] | type[ChaCha20Poly1305]
    key_bytes: int
    fixed_bytes: int
    """Of the nonce, from the handshake: the rest is in each record, or is its number again."""


SUITES = {
    "ECDHE-ECDSA-AES128-GCM-SHA256": Suite(AESGCM, 16, 4),  # RFC 5288 section 3
    "ECDHE-ECDSA-CHACHA20-POLY1305": Suite(ChaCha20Poly1305, 32, 12),  # RFC 7905 section 2
}
"""By OpenSSL's names: those with SHA-256 as their PRF that keep no MAC beside the cipher."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a handshake agreed on."""

    suite: Suite
    master: bytes
    client_random: bytes
    server_random: bytes

    def keys(self) -> tuple[bytes, bytes, bytes, bytes]:
        """The client's key, the server's, then the fixed parts (RFC 5246 section 6.3)."""
        suite = self.suite
        sizes = (suite.key_bytes, suite.key_bytes, suite.fixed_bytes, suite.fixed_bytes)
        seed = b"key expansion" + self.server_random + self.client_random
        block, found = expand(self.master, seed, sum(sizes)), []
        for size in sizes:
            found.append(block[:size])
            block = block[size:]
        return found[0], found[1], found[2], found[3]


def expand(secret: bytes, seed: bytes, size: int) -> bytes:
    """P_SHA256 of RFC 5246 section 5."""
    made, link = b"", seed
    while len(made) < size:
        link = hmac.digest(secret, link, hashlib.sha256)
        made += hmac.digest(secret, link + seed, hashlib.sha256)
    return made[:size]


class ServerRecords:
    """Seals and opens the server's side: what an idle connection needs, in a few hundred bytes.

    `next_number` is the first sequence number of our epoch that was never used.
    """

    __slots__ = ("_forged", "_highest", "_next", "_receiving", "_seen", "_sending", "_suite")

    def __init__(self, secrets: Secrets, next_number: int) -> None:
        client_key, server_key, client_fixed, server_fixed = secrets.keys()
        self._suite = secrets.suite
        self._receiving = (client_key, client_fixed)
        self._sending = (server_key, server_fixed)
        self._next = next_number
        self._forged = 0
        self._highest = -1
        self._seen = 0  # a bit for each number up to the highest, that one's the lowest bit

    def seal(self, kind: int, data: bytes) -> bytes:
        """A record of ours, which no other may follow with the same number.

        Raises ConnectionError when the keys have sealed as much as they may.
        """
        number = self._next
        if number >= _MOST_SEALED:
            raise ConnectionError("the keys are used up")
        self._next = number + 1
        key, fixed = self._sending
        numbers = _EPOCH << 48 | number
        explicit = struct.pack("!Q", numbers) if len(fixed) == 4 else b""
        bound = _BOUND.pack(numbers, kind, _VERSION, len(data))
        sealed = self._suite.aead(key).encrypt(_nonce(fixed, numbers, explicit), data, bound)
        length = len(explicit) + len(sealed)
        return _HEADER.pack(kind, _VERSION, numbers, length) + explicit + sealed

    def open(self, record: bytes) -> tuple[int, bytes] | None:
        """The type and the content of a record of theirs; raises MalformedPacket.

        Raises ConnectionError when so many were forged that the next might pass.
        None for one that came before, or too late to tell (RFC 6347 section 4.1.2.6), and for one
        of another epoch, such as the last of the handshake said again.
        """
        if len(record) < HEADER:
            raise MalformedPacket("DTLS record too short")
        kind, version, numbers, length = _HEADER.unpack_from(record)
        if numbers >> 48 != _EPOCH:
            return None
        key, fixed = self._receiving
        start = HEADER + (8 if len(fixed) == 4 else 0)
        size = HEADER + length - start - _TAG
        if version != _VERSION or HEADER + length != len(record) or not 0 <= size <= _MOST:
            raise MalformedPacket("DTLS record of a wrong version or length")
        number = numbers & _SEQUENCE
        if self._came_before(number):
            return None
        nonce = _nonce(fixed, numbers, record[HEADER:start])
        bound = _BOUND.pack(numbers, kind, version, size)
        try:
            data = self._suite.aead(key).decrypt(nonce, record[start:], bound)
        except InvalidTag:
            self._forged += 1
            if self._forged >= _MOST_FORGED:
                raise ConnectionError("too many forged records") from None
            raise MalformedPacket("DTLS record that is not authentic") from None
        self._note(number)
        return kind, data

    def _came_before(self, number: int) -> bool:
        behind = self._highest - number
        return behind >= 0 and (behind >= _WINDOW or bool(self._seen >> behind & 1))

    def _note(self, number: int) -> None:
        ahead = number - self._highest
        if ahead > 0:
            shifted = self._seen << ahead if ahead < _WINDOW else 0
            self._seen = (shifted | 1) & ((1 << _WINDOW) - 1)
            self._highest = number
        else:
            self._seen |= 1 << -ahead


def _nonce(fixed: bytes, numbers: int, explicit: bytes) -> bytes:
    if len(fixed) == 4:
        return fixed + explicit
    return (int.from_bytes(fixed) ^ numbers).to_bytes(12)


def next_number(records: list[bytes]) -> int:
    """The first sequence number of our epoch after those of these records of ours."""
    used = [-1]
    for record in records:
        numbers = _HEADER.unpack_from(record)[2]
        if numbers >> 48 == _EPOCH:
            used.append(numbers & _SEQUENCE)
    return max(used) + 1
