"""What a room is told of the house's people that the house alone may say: name, role, card."""

from __future__ import annotations

from collections.abc import Mapping

from livekit.protocol.rtc import UpdateParticipantMetadata

from rooms.participant import Participant
from server.community.people import person_id_of

OWN_BYTES = 4096
"""What one of the house's people may say of themselves in all: each change is sent to everybody."""


def _is_vouched(key: str) -> bool:
    return key == "role" or key.startswith("card_")


def own_attributes(identity: str, attributes: Mapping[str, str]) -> dict[str, str]:
    """Those of `attributes` that the bearer of `identity` may say of itself.

    Identities that the house did not give say what they like: their token lets them.
    """
    if person_id_of(identity) is None:
        return dict(attributes)
    own = {key: value for key, value in attributes.items() if not _is_vouched(key)}
    return own if _size(own) <= OWN_BYTES else {}


def own_metadata(identity: str, metadata: str) -> str:
    """The metadata that the bearer of `identity` may give itself: the house's people have none."""
    return metadata if person_id_of(identity) is None else ""


def _size(attributes: Mapping[str, str]) -> int:
    return sum(len(key.encode()) + len(value.encode()) for key, value in attributes.items())


def is_too_long(participant: Participant, request: UpdateParticipantMetadata) -> bool:
    """Whether one of the house's people would say more of themselves than fits."""
    if person_id_of(participant.identity) is None:
        return False
    said = {**participant.attributes, **request.attributes}
    return _size({key: value for key, value in said.items() if not _is_vouched(key)}) > OWN_BYTES


def contradicts(participant: Participant, request: UpdateParticipantMetadata) -> bool:
    """Whether a request would change what the house says of one of its people.

    Clients repeat their name with every change, which changes nothing.
    """
    if person_id_of(participant.identity) is None:
        return False
    said = participant.attributes
    return (
        request.name not in ("", participant.name)
        or request.metadata not in ("", participant.metadata)
        or any(
            _is_vouched(key) and value != said.get(key, "")
            for key, value in request.attributes.items()
        )
    )
