"""Access tokens: JSON Web Tokens with LiveKit's grants, signed with an API key and its secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack

import jwt

from rooms.permissions import SOURCES, Permissions

LEEWAY = 60.0
"""Seconds that the clocks of issuer and server may differ."""
TOKEN_BYTES = 1024 * 1024


class InvalidToken(Exception):
    """A token that opens nothing; the text says why, to a person who can act on it."""


@dataclass(frozen=True)
class Claims:
    """What a verified token says."""

    key: str
    identity: str = ""
    name: str = ""
    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    kind: str = "standard"
    room: str = ""
    room_join: bool = False
    room_admin: bool = False
    room_list: bool = False
    room_create: bool = False
    permissions: Permissions = field(default_factory=Permissions)

    def may_administer(self, room: str) -> bool:
        """Whether the token moderates `room`."""
        return self.room_admin and self.room == room


class Grants(TypedDict, total=False):
    """What a token may grant, with LiveKit's meanings; `sign` says what is granted by default."""

    room_join: bool
    room_admin: bool
    room_list: bool
    room_create: bool
    can_publish: bool
    can_publish_sources: Iterable[str]
    can_subscribe: bool
    can_publish_data: bool
    can_update_own_metadata: bool
    hidden: bool


_JOINING: Grants = {
    "room_join": True,
    "can_publish": True,
    "can_subscribe": True,
    "can_publish_data": True,
}


def sign(
    key: str,
    secret: str,
    *,
    now: float,
    identity: str = "",
    name: str = "",
    room: str = "",
    ttl: float = 6 * 3600,
    metadata: str = "",
    attributes: Mapping[str, str] | None = None,
    kind: str = "",
    **grants: Unpack[Grants],
) -> str:
    """A token good from `now` (Unix seconds) for `ttl` seconds.

    Unless said otherwise it grants joining, publishing, subscribing and data, and nothing else.
    """
    granted = {_camel(grant): value for grant, value in (_JOINING | grants).items()}
    if "canPublishSources" in granted:
        granted["canPublishSources"] = sorted(grants["can_publish_sources"])
    claims: dict[str, Any] = {
        "iss": key,
        "sub": identity,
        "nbf": int(now) - 1,
        "exp": int(now + ttl),
        "video": {"room": room} | {grant: value for grant, value in granted.items() if value != []},
    }
    optional = {"name": name, "metadata": metadata, "kind": kind, "attributes": attributes}
    claims.update({claim: value for claim, value in optional.items() if value})
    return jwt.encode(claims, secret, algorithm="HS256")


def _camel(name: str) -> str:
    """`can_publish` as the token spells it, `canPublish`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def verify(token: str, secrets: Mapping[str, str], now: float) -> Claims:
    """Check `token` against the API keys' `secrets` at `now`; raises InvalidToken."""
    if not token:
        raise InvalidToken("no access token was given")
    if len(token) > TOKEN_BYTES:
        raise InvalidToken("the access token is too long")
    claims = _decoded(token, secrets)
    _check_times(claims, now)
    try:
        return _claims(claims)
    except (TypeError, ValueError, AttributeError):
        raise InvalidToken("the access token's claims are malformed") from None


def _decoded(token: str, secrets: Mapping[str, str]) -> dict[str, Any]:
    try:
        unverified = jwt.decode(token, options={"verify_signature": False})
        secret = secrets.get(str(unverified.get("iss", "")))
        if secret is None:
            raise InvalidToken("the access token was issued for an unknown API key")
        return jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            options={
                "require": ["exp"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "verify_aud": False,
                "verify_sub": False,
            },
        )
    except jwt.InvalidSignatureError:
        raise InvalidToken("the access token's signature is wrong: check the secret") from None
    except jwt.MissingRequiredClaimError as error:
        raise InvalidToken(f"the access token has no {error.claim} claim") from None
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise InvalidToken("the access token cannot be read") from None


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    expires, begins = claims["exp"], claims.get("nbf", 0)
    if not isinstance(expires, int | float) or not isinstance(begins, int | float):
        raise InvalidToken("the access token's times are not numbers")
    if now >= expires + LEEWAY:
        raise InvalidToken("the access token has expired: ask for a new one")
    if now < begins - LEEWAY:
        raise InvalidToken("the access token is not valid yet: check the clocks")


def _claims(claims: Mapping[str, Any]) -> Claims:
    video = claims.get("video") or {}
    attributes = {str(k): str(v) for k, v in (claims.get("attributes") or {}).items()}
    return Claims(
        key=str(claims["iss"]),
        identity=str(claims.get("sub") or ""),
        name=str(claims.get("name") or ""),
        metadata=str(claims.get("metadata") or ""),
        attributes=attributes,
        kind=str(claims.get("kind") or "standard"),
        room=str(video.get("room") or ""),
        room_join=video.get("roomJoin") is True,
        room_admin=video.get("roomAdmin") is True,
        room_list=video.get("roomList") is True,
        room_create=video.get("roomCreate") is True,
        permissions=_permissions(video),
    )


def _permissions(video: Mapping[str, Any]) -> Permissions:
    """Absent grants mean yes for publishing, subscribing and data, as LiveKit reads them."""
    sources = video.get("canPublishSources") or ()
    unknown = [source for source in sources if source not in SOURCES]
    if unknown:
        raise ValueError(f"unknown sources {unknown}")
    return Permissions(
        can_publish=video.get("canPublish") is not False,
        can_publish_sources=frozenset(sources),
        can_subscribe=video.get("canSubscribe") is not False,
        can_publish_data=video.get("canPublishData") is not False,
        can_update_metadata=video.get("canUpdateOwnMetadata") is True,
        hidden=video.get("hidden") is True,
        room_admin=video.get("roomAdmin") is True,
    )
