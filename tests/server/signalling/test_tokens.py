"""Which tokens open a room, and what is said of those that do not."""

from __future__ import annotations

import datetime

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit import api

from server.signalling.tokens import LEEWAY, Claims, InvalidToken, sign, verify

KEY, SECRET = "key", "a secret that is long enough for HS256"
SECRETS = {KEY: SECRET, "second": "another secret, long enough as well"}
NOW = 1_800_000_000.0


def test_what_is_signed_is_read_back() -> None:
    token = sign(
        KEY,
        SECRET,
        now=NOW,
        identity="g_1",
        name="Ana",
        room="of_1",
        metadata="m",
        attributes={"status": "busy"},
        can_publish=False,
        can_publish_sources=["camera"],
        can_update_own_metadata=True,
        hidden=True,
        room_admin=True,
    )
    claims = verify(token, SECRETS, NOW)
    assert (claims.identity, claims.name, claims.room, claims.metadata) == (
        "g_1",
        "Ana",
        "of_1",
        "m",
    )
    assert claims.attributes == {"status": "busy"}
    assert claims.room_join
    assert claims.may_administer("of_1")
    assert not claims.may_administer("of_2")
    permissions = claims.permissions
    assert (permissions.can_publish, permissions.can_publish_sources) == (
        False,
        frozenset({"camera"}),
    )
    assert permissions.hidden
    assert permissions.can_update_metadata


def test_livekits_own_tokens_are_read() -> None:
    grants = api.VideoGrants(room_join=True, room="of_1", can_publish_sources=["microphone"])
    token = api.AccessToken(KEY, SECRET).with_identity("ana").with_grants(grants).to_jwt()
    claims = verify(token, SECRETS, datetime.datetime.now(datetime.UTC).timestamp())
    assert (claims.identity, claims.room, claims.room_join) == ("ana", "of_1", True)
    assert claims.permissions.can_subscribe
    assert claims.permissions.can_publish_sources == {"microphone"}


def test_livekit_reads_ours() -> None:
    now = datetime.datetime.now(datetime.UTC).timestamp()
    token = sign(KEY, SECRET, now=now, identity="ana", room="of_1", room_list=True)
    claims = api.TokenVerifier(KEY, SECRET).verify(token)
    assert claims.video is not None
    assert (claims.video.room, claims.video.room_list, claims.video.can_publish) == (
        "of_1",
        True,
        True,
    )


def test_absent_grants_allow_and_absent_rights_do_not() -> None:
    token = jwt.encode({"iss": KEY, "exp": NOW + 60, "video": {"room": "r"}}, SECRET)
    claims = verify(token, SECRETS, NOW)
    assert not claims.room_join
    permissions = claims.permissions
    assert permissions.can_publish
    assert permissions.can_subscribe
    assert permissions.can_publish_data
    assert not permissions.can_update_metadata
    assert not permissions.hidden


def test_clocks_may_differ_a_little() -> None:
    token = sign(KEY, SECRET, now=NOW, ttl=10)
    assert isinstance(verify(token, SECRETS, NOW + 10 + LEEWAY - 1), Claims)
    with pytest.raises(InvalidToken, match="expired"):
        verify(token, SECRETS, NOW + 10 + LEEWAY)
    assert isinstance(verify(token, SECRETS, NOW - LEEWAY), Claims)
    with pytest.raises(InvalidToken, match="not valid yet"):
        verify(token, SECRETS, NOW - LEEWAY - 2)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("", "no access token"),
        ("not.a.token", "cannot be read"),
        ("x" * (1024 * 1024 + 1), "too long"),
        (sign("stranger", SECRET, now=NOW), "unknown API key"),
        (sign(KEY, SECRETS["second"], now=NOW), "signature is wrong"),
        (jwt.encode({"iss": KEY, "video": {}}, SECRET), "no exp claim"),
        (jwt.encode({"iss": KEY, "exp": NOW + 60, "video": []}, SECRET), ""),
        (jwt.encode({"iss": KEY, "exp": NOW + 60, "video": "yes"}, SECRET), "malformed"),
        (jwt.encode({"iss": KEY, "exp": NOW + 60, "attributes": [1]}, SECRET), "malformed"),
        (
            jwt.encode(
                {"iss": KEY, "exp": NOW + 60, "video": {"canPublishSources": ["camera", "eye"]}},
                SECRET,
            ),
            "malformed",
        ),
        (jwt.encode({"iss": KEY, "exp": NOW + 60}, SECRET, algorithm="HS512"), "cannot be read"),
        (jwt.encode({"iss": KEY, "exp": NOW + 60}, "", algorithm="none"), "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_token_is_said(token: str, reason: str) -> None:
    if not reason:
        assert not verify(token, SECRETS, NOW).room_join
        return
    with pytest.raises(InvalidToken, match=reason):
        verify(token, SECRETS, NOW)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["room", "roomJoin", "canPublish", "canPublishSources", "hidden"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=6,
    ),
    st.none() | st.text(max_size=5) | st.integers(),
)
def test_any_signed_claims_are_read_or_refused(video: object, identity: object) -> None:
    token = jwt.encode(
        {"iss": KEY, "exp": NOW + 60, "video": video, "name": identity, "metadata": video}, SECRET
    )
    try:
        verify(token, SECRETS, NOW)
    except InvalidToken:
        return
