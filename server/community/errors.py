"""The errors of the house's rules: one tree, each saying whose fault it is."""

from __future__ import annotations


class CommunityError(Exception):
    """Root of everything that the house raises on purpose."""


class BadField(CommunityError):
    """What someone typed cannot be kept; `code` says why (see `server.web.sentences`)."""

    def __init__(self, field: str, code: str) -> None:
        super().__init__(f"{field}: {code}")
        self.field = field
        self.code = code


class NoSuchThing(CommunityError):
    """A community, office, invitation or link that is not there."""


class LinkRefused(CommunityError):
    """An invitation or owner link that no longer opens; `state` says why."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state
