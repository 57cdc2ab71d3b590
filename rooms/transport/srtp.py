"""SRTP in place on buffers of ours, through pylibsrtp's libsrtp (its private names live here only).

Results are libsrtp's codes, 0 when all is well: bad packets are counted by callers, never raised.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pylibsrtp import Policy
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
