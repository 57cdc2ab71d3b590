"""A WebRTC client reduced to what the benchmark needs: one check, one DTLS handshake, SRTP keys."""

from __future__ import annotations

import re
import select
import socket
import time
from dataclasses import dataclass

from aioice import stun
from aiortc.rtcdtlstransport import RTCCertificate
from OpenSSL import SSL

from tests.bench.endpoints import grow

KEY_BYTES, SALT_BYTES = 16, 12  # AES-128-GCM
_PROFILE = b"SRTP_AEAD_AES_128_GCM"
_UFRAG, _PASSWORD = "benc", "benchbenchbenchbenchbe"


@dataclass(frozen=True)
class Keys:
    """What encrypts the packets we send, and those we receive (key, then salt)."""

    sending: bytes
    receiving: bytes


@dataclass(frozen=True)
class Remote:
    """What a description says of the other end's transport."""

    ufrag: str
    password: str
    address: tuple[str, int]

    @classmethod
    def of(cls, sdp: str) -> Remote:
        """Read the first UDP candidate over IPv4, and the credentials of the only transport."""

        def field(pattern: str) -> re.Match[str]:
            found = re.search(pattern, sdp, re.MULTILINE)
            if found is None:
                raise ValueError(f"no {pattern} in {sdp}")
            return found

        candidate = field(
            r"^a=candidate:\S+ 1 [uU][dD][pP] \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host"
        )
        return cls(
            field(r"^a=ice-ufrag:(\S+)")[1],
            field(r"^a=ice-pwd:(\S+)")[1],
            (candidate[1], int(candidate[2])),
        )


class Client:
    """One peer connection's transport, always the one that begins the handshake."""

    def __init__(self, host: str) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        grow(self.socket)
        self.socket.bind((host, 0))
        self.socket.setblocking(False)
        self._certificate = RTCCertificate.generateCertificate()
        self._checked = b""

    def transport_lines(self) -> list[str]:
        """The lines of a media section that describe this end."""
        host, port = self.socket.getsockname()
        print_ = self._certificate.getFingerprints()[0]
        return [
            f"a=ice-ufrag:{_UFRAG}",
            f"a=ice-pwd:{_PASSWORD}",
            f"a=fingerprint:{print_.algorithm} {print_.value}",
            "a=setup:active",
            f"a=candidate:1 1 udp 2130706431 {host} {port} typ host",
        ]

    def connect(self, remote: Remote, *, controlling: bool = True) -> Keys:
        """Check the path, shake hands, derive the keys; blocks for at most ten seconds.

        The end that offered is the controlling one.
        """
        self._checked = check = self._check(remote, controlling)
        context = SSL.Context(SSL.DTLS_METHOD)
        context.use_certificate(self._certificate._cert)  # noqa: SLF001
        context.use_privatekey(self._certificate._key)  # noqa: SLF001
        context.set_tlsext_use_srtp(_PROFILE)
        ssl = SSL.Connection(context, None)
        ssl.set_connect_state()
        deadline = time.monotonic() + 10
        self._exchange(check, remote, deadline)
        while time.monotonic() < deadline:
            try:
                ssl.do_handshake()
            except SSL.WantReadError:
                self._pass(ssl, remote)
            else:
                self._flush(ssl, remote)
                return _keys(ssl)
        raise TimeoutError("no DTLS")

    def check_again(self, remote: Remote) -> None:
        """Show that this end is still there; the answer is left unread."""
        self.socket.sendto(self._checked, remote.address)

    def _check(self, remote: Remote, controlling: bool) -> bytes:
        message = stun.Message(
            stun.Method.BINDING,
            stun.Class.REQUEST,
            attributes={"USERNAME": f"{remote.ufrag}:{_UFRAG}", "PRIORITY": 1853824767},
        )
        if controlling:
            message.attributes |= {"ICE-CONTROLLING": 7, "USE-CANDIDATE": None}
        else:
            message.attributes["ICE-CONTROLLED"] = 7
        message.add_message_integrity(remote.password.encode())
        message.add_fingerprint()
        return bytes(message)

    def _exchange(self, check: bytes, remote: Remote, deadline: float) -> None:
        """Send checks until one is answered."""
        while time.monotonic() < deadline:
            self.socket.sendto(check, remote.address)
            data = self._next(0.1)
            while data:
                if data[:2] == b"\x01\x01":
                    # The other end drops a handshake that comes before its own checks are done.
                    while self._next(0.05):
                        pass
                    return
                data = self._next(0.1)
        raise TimeoutError("no answer to connectivity checks")

    def _next(self, seconds: float) -> bytes:
        """The next datagram, nothing after that long; checks of the other end are answered."""
        if not select.select([self.socket], [], [], seconds)[0]:
            return b""
        data, address = self.socket.recvfrom(2048)
        if data[:2] == b"\x00\x01":
            request = stun.parse_message(data)
            answer = stun.Message(
                stun.Method.BINDING,
                stun.Class.RESPONSE,
                transaction_id=request.transaction_id,
                attributes={"XOR-MAPPED-ADDRESS": address},
            )
            answer.add_message_integrity(_PASSWORD.encode())
            answer.add_fingerprint()
            self.socket.sendto(bytes(answer), address)
        return data

    def _pass(self, ssl: SSL.Connection, remote: Remote) -> None:
        self._flush(ssl, remote)
        data = self._next(0.1)
        if not data:
            ssl.DTLSv1_handle_timeout()
        elif 19 < data[0] < 64:
            ssl.bio_write(data)

    def _flush(self, ssl: SSL.Connection, remote: Remote) -> None:
        while True:
            try:
                self.socket.sendto(ssl.bio_read(1500), remote.address)
            except SSL.WantReadError:
                return


def _keys(ssl: SSL.Connection) -> Keys:
    """RFC 5764 section 4.2: both keys, then both salts, the client's first."""
    material = ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (KEY_BYTES + SALT_BYTES))
    keys = [material[i * KEY_BYTES : (i + 1) * KEY_BYTES] for i in range(2)]
    rest = material[2 * KEY_BYTES :]
    salts = [rest[i * SALT_BYTES : (i + 1) * SALT_BYTES] for i in range(2)]
    return Keys(keys[0] + salts[0], keys[1] + salts[1])
