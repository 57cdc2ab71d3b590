"""What the pages about oneself and about members receive; the manner is that of `views.py`."""

from __future__ import annotations

from dataclasses import dataclass, field

from server.community.accounts import Card
from server.web.calendar_views import HostFeedView
from server.web.views import CommunityRef, DoorwayView


@dataclass(frozen=True)
class SignInView:
    """sign_in.html: the form posts `email` and `next` to /connexion; `sent`: a letter left.

    `kept_here`: there is no mail server, and the letter is on this machine's own page.
    """

    email: str = ""
    next: str = "/"
    error: str = ""
    sent: bool = False
    kept_here: bool = False
    passkeys: bool = False  # whether this server can have any


@dataclass(frozen=True)
class LoginLinkView(DoorwayView):
    """login_link.html: a button; the form posts `name` (asked of someone new) to `accept_url`."""

    email: str = ""
    needs_name: bool = False
    merges: str = ""  # the guest's name whose entries the account will get, "" without


@dataclass(frozen=True)
class KeepingView(DoorwayView):
    """keeping.html: a button that keeps an account; not "valid": nothing waits for it.

    `is_kept`: because the account is there; else because it is not, or the link is not whole.
    """

    title: str
    is_kept: bool


@dataclass(frozen=True)
class HandoverView(DoorwayView):
    """handover.html: a button that brings a guest here; the form posts `vers` to `accept_url`."""

    next: str
    name: str  # the guest's


@dataclass(frozen=True)
class CardForm(Card):
    """A member's card as its form shows it; `errors` is by field name."""

    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DeviceRow:
    """One device where one is signed in; `end_url` posts csrf_token alone."""

    name: str
    since: str
    seen: str
    is_this: bool
    end_url: str


@dataclass(frozen=True)
class PasskeyRow:
    """One passkey; `rename_url` posts `name`, `remove_url` csrf_token alone."""

    name: str
    since: str
    used: str  # "" when it never was
    rename_url: str
    remove_url: str


@dataclass(frozen=True)
class PushView:
    """_push.html: whether this device gets notices, and the key with which it may ask for some."""

    is_on: bool
    key: str


@dataclass(frozen=True)
class AccountView:
    """account.html: all about oneself, for guests (no `email`) and for members."""

    name: str
    email: str
    card: CardForm
    lang: str
    letters: list[tuple[str, str, bool]]  # field, label, ticked
    devices: list[DeviceRow]
    places: list[tuple[str, str, str]]  # name, address, role
    opens_communities: bool
    sole_owner_of: list[str]
    passkeys: list[PasskeyRow] | None  # None: this server can have none
    push: PushView
    host_feed: HostFeedView | None = None  # None: nothing to host anywhere
    notice: str = ""


@dataclass(frozen=True)
class KeptLetter:
    """One letter of the local page."""

    to: str
    subject: str
    when: str
    text: str
    action_url: str


@dataclass(frozen=True)
class MailboxView:
    """mailbox.html: what would have been mailed, shown to this machine only."""

    letters: list[KeptLetter]


@dataclass(frozen=True)
class PrivacyView:
    """privacy.html: who answers for personal information, and what is kept, for how long."""

    officer: str  # "" when the settings name nobody
    kept: list[tuple[str, str]]  # what, how long
    notice: str  # how long before a member's account goes they are told
    just_erased: bool


@dataclass(frozen=True)
class CommunityForm:
    """The fields of a community, named as in the form; `errors` is by field name."""

    name_fr: str = ""
    name_en: str = ""
    description_fr: str = ""
    description_en: str = ""
    time_zone: str = ""
    listed: bool = True
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CommunityFormView:
    """community_form.html: a new community (no `community`), or what is decided about one."""

    community: CommunityRef | None
    form: CommunityForm
    time_zones: list[str]
    save_url: str
    back_url: str


@dataclass(frozen=True)
class PersonRow:
    """One person of a community; `roles`: value and label of those that one may give them."""

    id: str
    name: str
    role: str
    role_label: str
    has_account: bool
    since: str
    roles: list[tuple[str, str]]
    change_url: str
    remove_url: str  # "" when one may not


@dataclass(frozen=True)
class ExpelledRow:
    """Someone who may not enter an office before midnight."""

    name: str
    office: str
    undo_url: str  # "" when one may not


@dataclass(frozen=True)
class PeopleView:
    """manage_people.html: the people of a community, `page` of `last_page`."""

    community: CommunityRef
    people: list[PersonRow]
    total: int
    named: str
    search_url: str
    back_url: str
    page: int
    last_page: int
    expelled: list[ExpelledRow]
    notice: str = ""
    changed_id: str = ""  # whose role was just changed
