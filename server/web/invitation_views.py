"""What the templates about one invitation receive: plain values, already translated."""

from __future__ import annotations

from dataclasses import dataclass, field

from markupsafe import Markup

from server.web.views import CommunityRef, InvitationRow, OfficeView


@dataclass(frozen=True)
class PostView:
    """A text ready to paste in a group, in one language."""

    lang: str
    label: str
    text: str


@dataclass(frozen=True)
class InvitationChangeForm:
    """The fields of a change, named as in the form: `days` "keep" leaves the expiry as it is."""

    days: str = "keep"
    max_uses: str = ""
    note: str = ""
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ManageInvitationView:
    """manage_invitation.html: a link, its counts, what to share it with, and its limits."""

    community: CommunityRef
    row: InvitationRow
    share_title: str
    posts: list[PostView]
    code: Markup  # the QR code, an svg element
    code_url: str  # the same as a file
    poster_url: str
    card_url: str
    card_alt: str
    form: InvitationChangeForm
    days_choices: list[tuple[str, str]]
    save_url: str
    back_url: str
    notice: str = ""


@dataclass(frozen=True)
class PosterSide:
    """The words of a poster in one language."""

    lang: str
    title: str
    description: str
    promise: str
    scan: str
    until: str  # "" for a link without an end
    when: str = ""  # for a link to a session: its date, or how often it comes back
    where: str = ""


@dataclass(frozen=True)
class PosterView:
    """poster.html: one sheet to print, in both languages."""

    community: CommunityRef
    offices: list[OfficeView]  # whose house fronts are drawn, lamps lit, whoever is in
    sides: list[PosterSide]
    code: Markup
    short_address: str
    back_url: str
