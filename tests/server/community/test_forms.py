"""The forms of offices and invitations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from server.community.invitations import (
    Invitation,
    LinkState,
    change_invitation,
    draft_invitation,
)
from server.community.offices import OfficeKind, Visibility, draft_office
from server.community.people import Role

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OFFICE = {
    "name_fr": " Le  café ",
    "kind": "cafe",
    "capacity": "12",
    "visibility": "public",
    "show_names": "1",
}


def test_an_office_is_read_from_its_form() -> None:
    draft, errors = draft_office(OFFICE)
    assert errors == {}
    assert draft is not None
    assert draft.name.fr == "Le café"
    assert draft.kind is OfficeKind.CAFE
    assert draft.capacity == 12
    assert draft.visibility is Visibility.PUBLIC
    assert draft.show_names


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name_fr", "", "missing"),
        ("name_fr", "x" * 61, "too_long"),
        ("description_en", "x" * 401, "too_long"),
        ("kind", "palace", "not_a_choice"),
        ("visibility", "", "not_a_choice"),
        ("capacity", "0", "not_a_number"),
        ("capacity", "-3", "not_a_number"),
        ("capacity", "501", "not_a_number"),
        ("capacity", "douze", "not_a_number"),
        ("capacity", "١٢", "not_a_number"),
    ],
)
def test_each_wrong_field_says_why(field: str, value: str, code: str) -> None:
    assert draft_office({**OFFICE, field: value}) == (None, {field: code})


def test_an_english_name_alone_is_enough() -> None:
    draft, _ = draft_office({**OFFICE, "name_fr": "", "name_en": "The Café"})
    assert draft is not None


def test_an_invitation_is_read_from_its_form() -> None:
    form = {"office": "of_1", "days": "7", "max_uses": "10", "note": "groupe du mardi"}
    draft, errors = draft_invitation(form, frozenset({"of_1"}), Role.OWNER, NOW)
    assert errors == {}
    assert draft is not None
    assert draft.expires_at == NOW + timedelta(days=7)
    assert draft.max_uses == 10


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"office": "of_2"}, "office"),
        ({"days": "8"}, "days"),
        ({"max_uses": "0"}, "max_uses"),
        ({"note": "x" * 121}, "note"),
    ],
)
def test_each_wrong_field_of_an_invitation_is_named(form: dict[str, str], field: str) -> None:
    draft, errors = draft_invitation(form, frozenset({"of_1"}), Role.OWNER, NOW)
    assert draft is None
    assert set(errors) == {field}


def invitation(**changes: object) -> Invitation:
    values: dict[str, object] = {
        "id": "1",
        "token": "t",
        "community_id": "c",
        "office_id": None,
        "note": "",
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=1),
        "max_uses": 2,
        "uses": 0,
        "revoked_at": None,
    }
    return Invitation(**{**values, **changes})  # type: ignore[arg-type]


def test_an_invitation_opens_until_something_closes_it() -> None:
    assert invitation().state(NOW) is LinkState.VALID
    assert invitation().state(NOW + timedelta(days=1)) is LinkState.EXPIRED
    assert invitation(uses=2).state(NOW) is LinkState.USED_UP
    assert invitation(revoked_at=NOW).state(NOW) is LinkState.REVOKED
    assert invitation(expires_at=None, max_uses=None, uses=9).state(NOW) is LinkState.VALID


@pytest.mark.parametrize(
    ("giver", "role", "ok"),
    [
        (Role.OWNER, "organiser", True),
        (Role.OWNER, "owner", False),
        (Role.ORGANISER, "organiser", True),
        (Role.ORGANISER, "owner", False),
        (Role.HOST, "organiser", False),
        (Role.HOST, "member", True),
        (Role.GUEST, "member", False),
        (Role.OWNER, "king", False),
    ],
)
def test_nobody_gives_more_than_they_hold(giver: Role, role: str, ok: bool) -> None:
    form = {"role": role, "days": "7", "max_uses": "3"}
    draft, errors = draft_invitation(form, frozenset(), giver, NOW)
    assert (draft is not None, "role" not in errors) == (ok, ok)


def test_a_link_that_gives_power_ends_by_itself() -> None:
    errors = draft_invitation({"role": "host"}, frozenset(), Role.OWNER, NOW)[1]
    assert errors == {"days": "limit_needed", "max_uses": "limit_needed"}
    form = {"role": "member", "office": "of_1"}
    errors = draft_invitation(form, frozenset({"of_1"}), Role.OWNER, NOW)[1]
    assert errors == {"role": "whole_house_only"}


def test_a_change_keeps_the_expiry_unless_told() -> None:
    ends = NOW + timedelta(days=3)
    made = Invitation("i", "t", "c", None, "", NOW, ends, 5, 2, None)
    change, errors = change_invitation({"max_uses": "2", "note": "marché"}, made, NOW)
    assert change is not None
    assert (change.expires_at, change.max_uses, change.note, errors) == (ends, 2, "marché", {})
    change, _ = change_invitation({"days": ""}, made, NOW)
    assert change is not None
    assert (change.expires_at, change.max_uses) == (None, None)
    assert change_invitation({"max_uses": "1"}, made, NOW)[1] == {"max_uses": "fewer_than_used"}
    assert change_invitation({"days": "8"}, made, NOW)[1] == {"days": "not_a_choice"}
