"""SRTP in place on buffers of ours, through pylibsrtp's libsrtp (its private names live here only).

Results are libsrtp's codes, 0 when all is well: bad packets are counted by callers, never raised.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from pylibsrtp import Error, Policy, _binding
from pylibsrtp import Session as Session
from pylibsrtp._binding import ffi, lib

BUFFER_SIZE = 2048
TRAILER = 4 + 16 + 128  # the most libsrtp may append (SRTCP index, tag, key identifier)
REPLAYED = (9, 10)  # srtp_err_status_replay_fail and _old, which the binding does not name
RTP_ROOM = BUFFER_SIZE - TRAILER

# int f(session, packet, length in and out)
protect = lib.srtp_protect
unprotect = lib.srtp_unprotect
protect_rtcp = lib.srtp_protect_rtcp
unprotect_rtcp = lib.srtp_unprotect_rtcp

# The addresses of the first two, for compiled code.
PROTECT = int(ffi.cast("uintptr_t", ffi.addressof(lib, "srtp_protect")))
UNPROTECT = int(ffi.cast("uintptr_t", ffi.addressof(lib, "srtp_unprotect")))
_OPENSSL = (
    "EVP_CIPHER_CTX_new", "EVP_CIPHER_CTX_free", "EVP_aes_128_gcm", "EVP_CipherInit_ex",
    "EVP_Cipher", "EVP_CIPHER_CTX_ctrl",
)  # fmt: skip


def _crypto() -> list[int] | None:
    try:
        openssl = ctypes.CDLL(_binding.__file__)
        found = [ctypes.cast(getattr(openssl, each), ctypes.c_void_p).value for each in _OPENSSL]
    except (OSError, AttributeError):
        return None
    return [each or 0 for each in found]


CRYPTO = _crypto()
"""The addresses of the OpenSSL functions that libsrtp uses, for compiled code (see seal.c); None
where pylibsrtp hides them."""


class SendingSession(Session):
    """The session that encrypts all that one peer is sent, for any SSRC.

    `derived` is the key and the salt of its RTP (RFC 3711 section 4.3) where that is AES-128-GCM,
    and `seal` the compiled path's own: once there is one, RTP is never libsrtp's again.
    """

    def __init__(self, profile: int, key: bytes) -> None:
        policy = Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile)
        policy.allow_repeat_tx = True
        policy.window_size = 1024
        super().__init__(policy)
        self.derived: tuple[bytes, bytes] | None = None
        self.seal: Any = None
        if profile == Policy.SRTP_PROFILE_AEAD_AES_128_GCM:
            self.derived = _derived(key[:16], key[16:28])


def _derived(key: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """The session's key and salt from the master's (RFC 3711 section 4.3, RFC 7714 section 11)."""

    def stream(label: int, size: int) -> bytes:
        start = bytearray(salt.ljust(16, b"\0"))
        start[7] ^= label
        return Cipher(AES(key), CTR(bytes(start))).encryptor().update(bytes(size))

    return stream(0, 16), stream(2, 12)


class PacketBuffer:
    """One packet's bytes, seen by Python (`data`, `view`) and by libsrtp (`pointer`, `length`)."""

    __slots__ = ("data", "length", "pointer", "view")

    def __init__(self) -> None:
        self.data = bytearray(BUFFER_SIZE)
        self.view = memoryview(self.data)
        self.pointer: Any = ffi.from_buffer(self.data)
        self.length: Any = ffi.new("int *")

    def apply(self, operation: Any, session: Any, size: int) -> int:
        """Run one of this module's four operations on the first `size` bytes.

        Returns the new size, or minus libsrtp's code when it refused.
        """
        self.length[0] = size
        code: int = operation(session, self.pointer, self.length)
        return -code if code else int(self.length[0])


def address_of(data: bytearray, offset: int) -> Any:
    """What libsrtp takes as a packet that begins there; `data` must outlive it."""
    return ffi.from_buffer(data) + offset


def session_pointer(session: Session) -> Any:
    """libsrtp's pointer of a pylibsrtp session; valid while `session` is referenced."""
    return session._srtp[0]  # noqa: SLF001 (this module is where that name is allowed)


def tag_size(session: Session) -> int:
    """How many bytes this sending session appends to an RTP packet: its profile does not say."""
    ssrc = 0
    probe = bytes((0x80, 0, 0, 1)) + bytes(8)
    size = len(session.protect(probe)) - len(probe)
    session.remove_stream(ssrc)
    return size


def forget_ssrc(session: Session, ssrc: int) -> None:
    """Have a session keep nothing more of an SSRC, if it ever met that."""
    with contextlib.suppress(Error):
        session.remove_stream(ssrc)


_copies = Session()


def share_buffers(*sessions: Session) -> None:
    """Have pylibsrtp's own methods, which the packet path does without, copy to one place."""
    for each in sessions:
        each._cdata, each._buffer = _copies._cdata, _copies._buffer  # noqa: SLF001


def probe(apply: Callable[[bool, Any, bytearray, int], int]) -> bool:
    """True when calling libsrtp by address (see PROTECT) does to a packet what pylibsrtp does.

    `apply` takes whether to decrypt, a session's pointer, a packet in place and its size, and
    returns its new size.
    """
    key = bytes(range(28))

    def session(direction: int) -> Session:
        profile = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
        return Session(Policy(key=key, ssrc_type=direction, srtp_profile=profile))

    plain = bytes((0x80, 96, 3, 232)) + bytes(4) + b"ssrc" + b"what a subscriber sees"
    sealed = session(Policy.SSRC_ANY_OUTBOUND).protect(plain)
    packet = bytearray(plain.ljust(BUFFER_SIZE, b"\0"))
    sending, receiving = session(Policy.SSRC_ANY_OUTBOUND), session(Policy.SSRC_ANY_INBOUND)
    size = apply(False, session_pointer(sending), packet, len(plain))
    if size != len(sealed) or packet[:size] != sealed:
        return False
    size = apply(True, session_pointer(receiving), packet, size)
    return size == len(plain) and packet[:size] == plain


def probe_seal(
    apply: Callable[[bytes, bytes, list[bytearray], list[int]], list[int]],
) -> bool:
    """True when encrypting with `SendingSession.derived` gives what libsrtp gives.

    `apply` takes key, salt, packets in place and their sizes, and returns their new sizes.
    """
    session = SendingSession(Policy.SRTP_PROFILE_AEAD_AES_128_GCM, bytes(range(7, 35)))
    assert session.derived is not None
    plain = []
    for number in (0x8001, 0xFFFF, 0x0000, 0xFFFE, 0x0003):  # over the end of the numbers and back
        head = b"\x91\x60" + number.to_bytes(2, "big") + b"timessrc" + b"from"
        plain.append(head + b"\xbe\xde\0\1\x30abc" + bytes(number & 3) * 70)
    sealed = [session.protect(each) for each in plain]
    packets = [bytearray(each.ljust(BUFFER_SIZE, b"\0")) for each in plain]
    sizes = apply(*session.derived, packets, [len(each) for each in plain])
    return [bytes(each[:size]) for each, size in zip(packets, sizes, strict=False)] == sealed
