"""Who may push which door."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.community.entry import STRANGER, Refusal, Standing, refusal
from server.community.offices import Office, OfficeKind, Visibility
from server.community.people import Person, Role
from server.community.text import Bilingual

OFFICE = Office(
    id="of_0123456789abcdef",
    community_id="c",
    slug="cafe",
    position=0,
    kind=OfficeKind.CAFE,
    name=Bilingual("Le café"),
    description=Bilingual(""),
    capacity=2,
    visibility=Visibility.PUBLIC,
    show_names=False,
)
PRIVATE = replace(OFFICE, visibility=Visibility.INVITATION)
ZOE = Person("0123456789abcdef", "Zoé")


@pytest.mark.parametrize(
    ("office", "person", "standing", "count", "expected"),
    [
        pytest.param(OFFICE, ZOE, STRANGER, 0, None, id="public: a name is enough"),
        pytest.param(OFFICE, None, STRANGER, 0, Refusal.NAME_REQUIRED, id="public: no name"),
        pytest.param(OFFICE, ZOE, STRANGER, 2, Refusal.FULL, id="public: full"),
        pytest.param(OFFICE, None, STRANGER, 2, Refusal.FULL, id="public: full, before any name"),
        pytest.param(PRIVATE, ZOE, STRANGER, 0, Refusal.NOT_ALLOWED, id="private: not invited"),
        pytest.param(PRIVATE, None, STRANGER, 0, Refusal.NOT_ALLOWED, id="private: a stranger"),
        pytest.param(
            PRIVATE,
            ZOE,
            Standing(office_ids=frozenset({PRIVATE.id})),
            0,
            None,
            id="private: invited here",
        ),
        pytest.param(
            PRIVATE,
            ZOE,
            Standing(office_ids=frozenset({"of_other"})),
            0,
            Refusal.NOT_ALLOWED,
            id="private: invited elsewhere",
        ),
        pytest.param(
            PRIVATE, ZOE, Standing(whole_community=True), 0, None, id="private: invited to all"
        ),
        pytest.param(PRIVATE, ZOE, Standing(Role.MEMBER), 0, None, id="private: a member"),
        pytest.param(PRIVATE, ZOE, Standing(Role.MEMBER), 2, Refusal.FULL, id="full to a member"),
        pytest.param(PRIVATE, ZOE, Standing(Role.OWNER), 2, None, id="the owner always"),
    ],
)
def test_entry(
    office: Office, person: Person | None, standing: Standing, count: int, expected: Refusal | None
) -> None:
    assert refusal(person, standing, office, count=count) is expected


def test_someone_inside_may_come_again_to_a_full_office() -> None:
    assert refusal(ZOE, STRANGER, OFFICE, count=2, already_inside=True) is None
