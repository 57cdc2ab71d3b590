"""What each role is called."""

from __future__ import annotations

from server.community.people import Role
from server.i18n import Words


def role_name(role: Role, words: Words) -> str:
    """The role's name, epicene where French would choose a gender."""
    _ = words.gettext
    return {
        Role.GUEST: _("de passage"),
        Role.MEMBER: _("membre"),
        Role.HOST: _("anime des séances"),
        Role.ORGANISER: _("organise"),
        Role.OWNER: _("tient la maison"),
    }[role]
