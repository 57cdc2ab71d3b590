"""What each page's template receives: plain values, already translated, nothing to look up.

A page gets its own dataclass as `view`. Every page also gets:
`lang` ("fr" or "en"), `_`, `gettext`, `ngettext`, `csrf_token`, `me` (`MeView` or None), `path`
(of this request, with its query), `static(path)` (versioned URL of a file of static/), `public_url`
(no final slash), `canonical` (this page's public address), `card` (`CardView`, what a link preview
shows), `messages_json` (the script's translations, safe inside a script element).

Every form carries a hidden `csrf_token`; every JSON change carries it in the X-CSRF-Token header.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from server.web.session_views import SessionView

OfficeKindName = Literal["cafe", "focus", "open_space"]
LeavingReason = Literal["left", "removed", "replaced", "ended"]
LinkState = Literal["valid", "expired", "used_up", "revoked", "unknown"]


@dataclass(frozen=True)
class MeView:
    """The person this browser belongs to; `role` is in the page's community."""

    id: str
    name: str
    role: str = "guest"
    is_member: bool = False  # has an account


@dataclass(frozen=True)
class CardView:
    """og:title, og:description and og:url of the page; `noindex` keeps search engines away.

    `image` is the picture's whole address ("": the street that every page has). Never a live count
    here: link previews are kept for weeks.
    """

    title: str
    description: str
    url: str
    noindex: bool = False
    image: str = ""
    image_alt: str = ""


@dataclass(frozen=True)
class InAppView:
    """Another app's own browser, where cameras often fail: which ("" unknown), and the ways out.

    `way_out` opens the page in the phone's own browser ("": the app offers none); `url` is the
    address to copy.
    """

    app: str
    system: Literal["ios", "android", "other"]
    way_out: str
    url: str
    takes_seat: bool = False  # what that opens is this person's seat, for them alone


@dataclass(frozen=True)
class CommunityRef:
    """The community a page belongs to: enough for its heading and the way back."""

    slug: str
    name: str
    url: str
    can_manage: bool = False
    manage_url: str = ""


@dataclass(frozen=True)
class OfficeView:
    """One door. `names` is None unless the office shows them; `count` and `names` are as of now."""

    id: str
    slug: str
    name: str
    description: str
    kind: OfficeKindName
    kind_label: str
    capacity: int
    count: int
    names: list[str] | None
    url: str  # the door page
    enter_url: str  # the green room then the office: /salle
    open_to: Literal["all", "invited"]
    may_enter: bool
    full: bool = False
    next_session: SessionView | None = None  # what runs, else what comes next


@dataclass(frozen=True)
class DirectoryEntry:
    """One community of the directory."""

    name: str
    description: str
    url: str
    count: int


@dataclass(frozen=True)
class TourRef:
    """A tour where it is only named: on a list, on the page of a session."""

    title: str
    url: str
    text: str = ""
    note: str = ""


@dataclass(frozen=True)
class DirectoryView:
    """index.html: the communities of this server (`/`, only when there is not exactly one)."""

    communities: list[DirectoryEntry]
    tours: list[TourRef] = field(default_factory=list)  # those to come


@dataclass(frozen=True)
class CommunityView:
    """community.html: the façade. `local_hour` is 0..23 in the community's own time zone."""

    name: str
    slug: str
    description: str
    offices: list[OfficeView]
    can_manage: bool
    manage_url: str
    local_hour: int
    count: int  # everyone in, all offices together
    events_url: str  # text/event-stream
    sessions_url: str
    url: str
    proposals: int = 0  # stops of tours that wait for this house's answer, for who manages it


@dataclass(frozen=True)
class DoorView:
    """door.html: an office before entering. Works without script.

    `refusal` is the sentence that says why one may not enter and what to do ("" when one may).
    Without a name (`me` is None) the form posts `name` and `next`=office.enter_url to `name_url`.
    """

    community: CommunityRef
    office: OfficeView
    refusal: str
    name_url: str  # POST name, next
    events_url: str
    may_sign_in: bool = False  # an account could open what is refused
    takes_seat: bool = False  # the way to another browser is to take an invited guest's seat along


@dataclass(frozen=True)
class OfficePageView:
    """office.html: the green room, then the office, in one page.

    The script posts JSON {"name": "…"} with X-CSRF-Token to `entrer_url` and gets
    {"url", "token", "identity", "name", "room"}, or a 4xx {"error": code, "message": sentence},
    code being "name_required" (400), "not_allowed" (403), "csrf" (403), "not_found" (404),
    "full" (409), "too_many" (429).
    On leaving go to `left_url` + "?raison=" + (left | removed | replaced | ended).
    """

    community: CommunityRef
    office: OfficeView
    entrer_url: str
    door_url: str
    left_url: str
    events_url: str
    name: str  # "" when not known yet
    takes_seat: bool = False  # the way to another browser is to take an invited guest's seat along


@dataclass(frozen=True)
class LeftView:
    """left.html: the leaving page: why, and the way back."""

    community: CommunityRef
    office: OfficeView
    reason: LeavingReason
    title: str
    explanation: str
    back_url: str  # the office's /salle, or its door when one may not come back


@dataclass(frozen=True)
class DoorwayView:
    """doorway.html: one button behind a link, which posts to `accept_url`.

    `state` other than "valid": there is no button, `explanation` says why and what to do.
    """

    state: LinkState
    explanation: str
    accept_url: str


@dataclass(frozen=True)
class InvitationView(DoorwayView):
    """invitation.html: what the invitation opens; the form posts `name` to `accept_url`.

    `state` other than "valid": `explanation` says why and what to do, there is no form. `expires`,
    `uses_left` and `role` are sentences ready to show: until when, for how many, and what the link
    makes of those who use it ("" for a plain guest).
    """

    name: str  # of the person already known, else ""
    community: CommunityRef | None
    office: OfficeView | None  # None: the invitation opens the whole community
    expires: str = ""
    uses_left: str = ""
    role: str = ""
    session: SessionView | None = None  # the invitation is to that session, in `office`
    often: str = ""  # for a link to a whole series: "tous les mardis"
    takes_seat: bool = False  # the way to another browser is to take an invited guest's seat along


@dataclass(frozen=True)
class OwnerLinkView(DoorwayView):
    """owner_link.html: the one-time key. The form posts `name` to `accept_url`."""

    community: CommunityRef | None
    name: str


@dataclass(frozen=True)
class OfficeForm:
    """The fields of an office, named as in the form; `errors` is by field name ("": the form).

    `kind`: one of `ManageView.kinds`; `visibility`: public | invitation; `show_names`: a checkbox
    of value "1".
    """

    name_fr: str = ""
    name_en: str = ""
    description_fr: str = ""
    description_en: str = ""
    kind: str = "open_space"
    capacity: str = "25"
    visibility: str = "public"
    show_names: bool = False
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ManagedOffice:
    """One office in the owner's list, with where its buttons post (POST, csrf_token alone)."""

    office: OfficeView
    edit_url: str  # GET manage_office.html
    remove_url: str  # "" while sessions are to come there: its own page says what becomes of them
    up_url: str  # "" when it is the first
    down_url: str  # "" when it is the last


@dataclass(frozen=True)
class InvitationRow:
    """One invitation in the owner's list."""

    id: str
    url: str  # the whole address, to copy
    opens: str  # office's or community's name, a session's title, or "Série : …, tous les mardis"
    note: str
    created: str
    expires: str
    uses: str  # "3 entrées sur 10"
    role: str  # "" for a plain guest
    entries: int
    looks: int  # browsers that looked, crawlers and the house's keepers left out
    newcomers: int
    details_url: str
    state: LinkState
    state_label: str
    revoke_url: str  # "" once it no longer opens
    is_series: bool = False


@dataclass(frozen=True)
class InvitationForm:
    """The fields of a new invitation, named as in the form.

    `office`: its id, "" for the community; `days`: one of `ManageView.days_choices`; `max_uses`:
    1 to 100000, "" for no limit; `role`: one of `ManageView.role_choices`; `note`: to oneself.
    """

    office: str = ""
    days: str = "30"
    max_uses: str = ""
    role: str = "guest"
    note: str = ""
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ManageView:
    """manage.html: the owner's page: offices and invitations."""

    community: CommunityRef
    offices: list[ManagedOffice]
    invitations: list[InvitationRow]
    kinds: list[tuple[str, str]]  # value, label
    new_office: OfficeForm
    new_office_url: str  # POST the fields of OfficeForm
    new_invitation: InvitationForm
    new_invitation_url: str  # POST the fields of InvitationForm
    days_choices: list[tuple[str, str]]
    role_choices: list[tuple[str, str]]  # what an invitation may make of those who come
    notice: str = ""  # what has just been done, to announce politely
    proposals: int = 0  # stops of tours that wait for this house's answer


@dataclass(frozen=True)
class OfficePlans:
    """Sessions to come in an office: how many, and what may become of them when it goes."""

    sentence: str
    choices: list[tuple[str, str]]


@dataclass(frozen=True)
class ManageOfficeView:
    """manage_office.html: one office's fields; posts to `save_url`."""

    community: CommunityRef
    office: OfficeView
    form: OfficeForm
    kinds: list[tuple[str, str]]
    save_url: str
    remove_url: str
    back_url: str
    plans: OfficePlans | None = None  # what removing it must settle


@dataclass(frozen=True)
class ErrorView:
    """error.html: what happened, in a title and a sentence that says what to do."""

    status: int
    title: str
    what_to_do: str
    back_url: str = "/"
    sign_in_url: str = ""  # where an account could open what is refused
