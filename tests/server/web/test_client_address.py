"""Where a request really comes from, behind proxies that are ours and proxies that are not."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from server.web.client_address import client_address


class Transport:
    """Tells where the connection comes from, which is all that is asked of it."""

    def __init__(self, peer: str) -> None:
        self._peer = peer

    def get_extra_info(self, name: str, default: object = None) -> object:
        return (self._peer, 1234) if name == "peername" else default


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "expected"),
    [
        ("203.0.113.7", "", [], "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", [], "203.0.113.7"),
        ("10.0.0.2", "198.51.100.1", ["10.0.0.0/8"], "198.51.100.1"),
        ("10.0.0.2", "6.6.6.6, 198.51.100.1, 10.0.0.3", ["10.0.0.0/8"], "198.51.100.1"),
        ("10.0.0.2", "", ["10.0.0.0/8"], "10.0.0.2"),
        ("10.0.0.2", "nonsense", ["10.0.0.0/8"], "unknown"),
        ("2001:db8:1:2:3:4:5:6", "", [], "2001:db8:1:2::"),
        ("::ffff:203.0.113.7", "", [], "203.0.113.7"),
    ],
)
def test_client_address(peer: str, forwarded: str, trusted: list[str], expected: str) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("GET", "/", headers=headers, transport=Transport(peer))
    assert client_address(request, trusted) == expected


def test_a_proxy_that_adds_a_header_of_its_own_is_believed_before_the_visitor() -> None:
    """Some append a second header rather than to the first, which the visitor wrote."""
    headers = CIMultiDict([("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "198.51.100.1")])
    request = make_mocked_request("GET", "/", headers=headers, transport=Transport("10.0.0.2"))
    assert client_address(request, ["10.0.0.0/8"]) == "198.51.100.1"
