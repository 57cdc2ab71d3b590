"""The forms of offices and invitations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from server.community.invitations import Invitation, LinkState, draft_invitation
from server.community.offices import OfficeKind, Visibility, draft_office

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
    draft, errors = draft_invitation(form, frozenset({"of_1"}), NOW)
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
    draft, errors = draft_invitation(form, frozenset({"of_1"}), NOW)
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
