"""Opens the compiled library, if it was built, is allowed and does what it should.

The environment's `MOULIN_COMPILED` is `on` (or nothing), `off` to keep to Python, or `nosegments`
to send packets one by one.
"""

from __future__ import annotations

import os
from typing import Any

from cffi import FFI

from rooms.compiled.build import LIBRARY, digest
from rooms.transport.srtp import CRYPTO, PROTECT, UNPROTECT, SendingSession, probe, probe_seal

SEGMENTS = 64  # the most that the kernel cuts one send into

_DECLARATIONS = """
struct seal;
struct crypto {
    void *functions[6];
};
struct leg {
    void *session;
    struct seal *seal;
    uint32_t timestamp, ssrc;
    uint16_t sequence, picture;
    uint8_t tl0, key;
    uint16_t address_size;
    int32_t fd;
    uint32_t hash;
    unsigned char address[28];
};
struct group {
    const struct leg *legs;
    int32_t count;
    uint16_t word;
    uint8_t extension, unused;
};
struct wake {
    int32_t datagrams, widest, failed;
};
struct receiver;
struct lane;
uint32_t moulin_source(void);
void moulin_use(void *protecting, void *unprotecting, int most_segments);
int moulin_segments(void);
void moulin_use_crypto(const struct crypto *functions);
struct seal *moulin_seal_of(const unsigned char *key, const unsigned char *salt);
void moulin_seal_free(struct seal *seal);
int moulin_seal(struct seal *seal, void *packet, int *length);
int moulin_release(void);
int moulin_fan_out(const struct leg *legs, int count, uint32_t word_and_number, uint32_t timestamp,
                   int shape, uint32_t ids, const char *head, int head_size, const char *tail,
                   int tail_size);
int moulin_probe(int opening, void *session, unsigned char *packet, int size);
struct receiver *moulin_receiver(int rtp_bytes);
void moulin_free(struct receiver *receiver);
void *moulin_data(struct receiver *receiver);
void *moulin_addresses(struct receiver *receiver);
void *moulin_records(struct receiver *receiver);
int moulin_know(struct receiver *receiver, const char *address, int size, void *session,
                int level, int transport, int descriptor, void *arrivals, int index);
void moulin_forget(struct receiver *receiver);
int moulin_receive(struct receiver *receiver, int fd, double now);
const struct wake *moulin_wake(void);
int moulin_join(struct receiver *receiver, const char *address, int size, struct lane *lane,
                int levels);
struct lane *moulin_lane(uint32_t ssrc, int payload_type, int codec, int clock_rate, int packets,
                         int bytes);
void moulin_lane_retire(struct lane *lane);
void moulin_lane_free(struct lane *lane);
void *moulin_lane_state(struct lane *lane);
void moulin_lane_groups(struct lane *lane, const struct group *groups, int count);
int moulin_lane_find(struct lane *lane, int64_t number, const unsigned char **payload,
                     uint32_t fields[6]);
"""

ffi = FFI()
ffi.cdef(_DECLARATIONS)


def _works(library: Any) -> bool:
    """True when libsrtp, called by address, does to a packet what pylibsrtp does."""

    def apply(opening: bool, session: Any, packet: bytearray, size: int) -> int:
        place = ffi.from_buffer("unsigned char[]", packet)
        after: int = library.moulin_probe(opening, ffi.cast("void *", session), place, size)
        return after

    return probe(apply)


def seal_of(session: Any) -> Any:
    """What encrypts the session's RTP from now on in place of libsrtp; None when libsrtp goes on.

    The session keeps it: what comes first, this or libsrtp, must do all of it.
    """
    if not isinstance(session, SendingSession) or session.derived is None:
        return None
    if session.seal is None:
        made = library.moulin_seal_of(*session.derived)
        if made == ffi.NULL:
            session.derived = None
            return None
        session.seal = ffi.gc(made, library.moulin_seal_free)
    return session.seal


def _seals(library: Any) -> bool:
    """True when seals can be had, and write the bytes that libsrtp writes."""
    if CRYPTO is None:
        return False
    functions = [ffi.cast("void *", each) for each in CRYPTO]
    library.moulin_use_crypto(ffi.new("struct crypto *", [functions]))

    def apply(key: bytes, salt: bytes, packets: list[bytearray], sizes: list[int]) -> list[int]:
        made = library.moulin_seal_of(key, salt)
        if made == ffi.NULL:
            return []
        seal, length, after = ffi.gc(made, library.moulin_seal_free), ffi.new("int *"), []
        for packet, size in zip(packets, sizes, strict=True):
            length[0] = size
            code = library.moulin_seal(seal, ffi.from_buffer(packet), length)
            after.append(-code if code else length[0])
        return after

    if probe_seal(apply):
        return True
    library.moulin_use_crypto(ffi.new("struct crypto *"))
    return False


def _open() -> tuple[Any, str]:
    """The library and what to say of it; None and why not."""
    wish = os.environ.get("MOULIN_COMPILED", "").lower()
    if wish == "off":
        return None, "switched off"
    if not LIBRARY.exists():
        return None, "not built"
    try:
        library: Any = ffi.dlopen(str(LIBRARY))
        if library.moulin_source() != digest():
            return None, "built from other sources"
    except (OSError, AttributeError) as error:
        return None, f"cannot be opened: {error}"
    library.moulin_use(
        ffi.cast("void *", PROTECT), ffi.cast("void *", UNPROTECT),
        1 if wish == "nosegments" else SEGMENTS,
    )  # fmt: skip
    if not _works(library):
        return None, "libsrtp is not as expected"
    sealed = "" if _seals(library) else "encryption by libsrtp, "
    segments = library.moulin_segments()
    return library, f"{sealed}UDP segmentation {'on' if segments > 1 else 'off'}"


library, reason = _open()
"""The library's functions, or None; and a few words for the log."""
