"""The VP9 payload descriptor (RFC 9628 section 4.2), as far as its spatial layers need it.

Nothing past the descriptor is read: the rest may be encrypted end to end.
"""

from __future__ import annotations

_PICTURE_ID, _PREDICTED, _LAYERS, _FLEXIBLE = 0x80, 0x40, 0x20, 0x10
_BEGINS, _ENDS, _STRUCTURE = 0x08, 0x04, 0x02


def _after_picture_id(payload: bytes) -> int:
    if not payload[0] & _PICTURE_ID:
        return 1
    return 3 if len(payload) > 1 and payload[1] & 0x80 else 2


def spatial_layer(payload: bytes) -> int:
    """The spatial layer of a packet of one byte or more: 0 without layers, 7 when cut short."""
    if not payload[0] & _LAYERS:
        return 0
    position = _after_picture_id(payload)
    return payload[position] >> 1 & 7 if position < len(payload) else 7


def ends_layer(payload: bytes) -> bool:
    """Whether this is the last packet of its spatial layer's picture."""
    return bool(payload[0] & _ENDS)


def begins_keyframe(payload: bytes) -> bool:
    """Whether the lowest layer of a picture that is predicted from no other begins here."""
    return payload[0] & (_PREDICTED | _BEGINS) == _BEGINS and spatial_layer(payload) == 0


def spatial_layers(payload: bytes) -> int:
    """How many spatial layers the stream has, where its structure is told; 0 elsewhere."""
    first = payload[0]
    if not first & _STRUCTURE:
        return 0
    position = _after_picture_id(payload)
    if first & _LAYERS:
        position += 1 if first & _FLEXIBLE else 2
    if first & _FLEXIBLE and first & _PREDICTED:
        while position < len(payload) and payload[position] & 1:
            position += 1
        position += 1
    return (payload[position] >> 5) + 1 if position < len(payload) else 0
