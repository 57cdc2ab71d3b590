"""Addresses, cards, merging and roles: the rules as tables."""

from __future__ import annotations

import pytest

from server.community.accounts import draft_card, email_address, wanted_notifications, web_address
from server.community.errors import BadField
from server.community.merging import Arrival, Outcome, arrive, merged_roles
from server.community.people import Notification, Person, Role
from server.community.roles import choices, leaves_no_owner, may_change

GUEST = Person("g", "Zoé")
LEA = Person("l", "Léa", "lea@exemple.org")
OTHER = Person("o", "Odile", "odile@exemple.org")
R = Role


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Lea@Exemple.ORG ", "lea@exemple.org"),
        ("o'neil+moulin@mail.exemple.co", "o'neil+moulin@mail.exemple.co"),
        ("zoe@café.org", "zoe@xn--caf-dma.org"),
    ],
)
def test_an_address_is_kept_in_one_spelling(typed: str, kept: str) -> None:
    assert email_address(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "lea",
        "lea@",
        "@exemple.org",
        "lea@exemple",
        "lea@@exemple.org",
        "lea@exemple.org, zoe@exemple.org",
        "lea@exemple.org\r\nBcc: zoe@exemple.org",
        "Léa <lea@exemple.org>",
        "le..a@exemple.org",
        "lea@-exemple.org",
        "x" * 250 + "@exemple.org",
        "lea@" + "x" * 70 + ".org",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(BadField):
        email_address(typed)


@pytest.mark.parametrize(
    ("here", "known", "outcome"),
    [
        (None, None, Outcome(Arrival.NEW, None)),
        (GUEST, None, Outcome(Arrival.BECOME, GUEST)),
        (OTHER, None, Outcome(Arrival.NEW, None)),
        (None, LEA, Outcome(Arrival.RETURN, LEA)),
        (LEA, LEA, Outcome(Arrival.RETURN, LEA)),
        (OTHER, LEA, Outcome(Arrival.RETURN, LEA)),
        (GUEST, LEA, Outcome(Arrival.MERGE, LEA, GUEST)),
    ],
)
def test_who_one_is_after_signing_in(
    here: Person | None, known: Person | None, outcome: Outcome
) -> None:
    assert arrive(here, known) == outcome


def test_a_merge_keeps_the_higher_role_of_each_community() -> None:
    kept = {"a": R.MEMBER, "b": R.OWNER, "c": R.HOST}
    brought = {"a": R.ORGANISER, "b": R.MEMBER, "d": R.HOST}
    assert merged_roles(kept, brought) == {
        "a": R.ORGANISER,
        "b": R.OWNER,
        "c": R.HOST,
        "d": R.HOST,
    }


def test_who_may_give_which_role() -> None:
    allowed = {
        giver: {(before, after) for before in R for after in R if may_change(giver, before, after)}
        for giver in R
    }
    below = {R.GUEST, R.MEMBER, R.HOST}
    assert allowed[R.GUEST] == allowed[R.MEMBER] == allowed[R.HOST] == set()
    assert allowed[R.ORGANISER] == {(before, after) for before in below for after in below}
    assert allowed[R.OWNER] == {(before, after) for before in R for after in R}


def test_the_choices_shown_are_those_that_may_be_given() -> None:
    assert choices(R.ORGANISER, R.MEMBER) == (R.HOST, R.MEMBER)
    assert choices(R.ORGANISER, R.OWNER) == ()
    assert choices(R.OWNER, R.OWNER) == (R.OWNER, R.ORGANISER, R.HOST, R.MEMBER)
    assert choices(R.HOST, R.MEMBER) == ()


@pytest.mark.parametrize(
    ("before", "after", "owners", "orphaned"),
    [
        (R.OWNER, R.MEMBER, 1, True),
        (R.OWNER, R.GUEST, 1, True),
        (R.OWNER, R.OWNER, 1, False),
        (R.OWNER, R.MEMBER, 2, False),
        (R.HOST, R.GUEST, 1, False),
    ],
)
def test_a_community_keeps_an_owner(before: Role, after: Role, owners: int, orphaned: bool) -> None:
    assert leaves_no_owner(before, after, owners) is orphaned


def test_a_card_says_what_is_wrong_with_it() -> None:
    card, errors = draft_card({"title": "x" * 81, "link": "javascript:alert(1)"})
    assert card is None
    assert errors == {"title": "too_long", "link": "not_a_page"}
    card, errors = draft_card({"title": " Traductrice ", "link": "lea.exemple.org", "shown": "1"})
    assert errors == {}
    assert card is not None
    assert (card.title, card.link, card.shown) == ("Traductrice", "https://lea.exemple.org", True)


@pytest.mark.parametrize(
    "typed",
    ["javascript:alert(1)", "https://", "ftp://a.org", "https://a:b@c.org", "http://[", "chez moi"],
)
def test_a_link_is_a_page(typed: str) -> None:
    with pytest.raises(BadField):
        web_address(typed)


def test_only_ticked_letters_are_wanted() -> None:
    assert wanted_notifications({"changes": "1", "reminders": ""}) == {Notification.CHANGES}
