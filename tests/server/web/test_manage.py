"""The owner's page, and the key that opens it."""

from __future__ import annotations

import re

from aiohttp import web

from rooms.events import Event
from rooms.participant import Joining
from server.keys import DATABASE, LIVE_ROOMS, SETTINGS
from server.serving import new_owner_link
from tests.server.conftest import Visitors
from tests.server.offices import FORM, MANAGE, change_office, office_ids
from tests.server.visitors import Visitor


class Hearing:
    """Hears what a participant would be told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def tell(self, event: Event) -> None:
        self.events.append(event)


async def test_the_owner_link_opens_once_and_only_by_its_button(
    house: web.Application, visitors: Visitors
) -> None:
    link = await new_owner_link(house[DATABASE], house[SETTINGS])
    path = link.removeprefix(house[SETTINGS].address)
    crawler, owner, late = visitors(), visitors(), visitors()
    for looking in (crawler, owner, late):
        assert await looking.open(path) == 200
    await owner.send(path, name="Odile")
    assert owner.path == MANAGE
    assert await late.send(path, name="Lucien") == 410
    assert await late.open(MANAGE) == 403
    assert await late.open(path) == 410


async def test_only_those_who_look_after_the_house_change_it(
    house: web.Application, visitor: Visitor
) -> None:
    office_id = (await office_ids(house))["cafe"]
    await visitor.send("/nom", name="Zoé", next="/")
    assert await visitor.open(MANAGE) == 403
    for path in (
        "offices",
        f"offices/{office_id}",
        f"offices/{office_id}/supprimer",
        f"offices/{office_id}/monter",
        "invitations",
        "invitations/x/revoquer",
    ):
        assert await visitor.send(f"{MANAGE}/{path}", **FORM) == 403
    assert set(await office_ids(house)) == {"cafe", "concentration", "aire-ouverte"}


async def test_an_office_is_opened_changed_moved_and_removed(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    await owner.send(f"{MANAGE}/offices", **{**FORM, "name_fr": "Gérer"})
    assert owner.path == f"{MANAGE}?fait=office-opened"
    ids = await office_ids(house)
    assert list(ids) == ["cafe", "concentration", "aire-ouverte", "gerer-2"]
    await owner.send(f"{MANAGE}/offices/{ids['gerer-2']}/monter")
    await owner.send(f"{MANAGE}/offices/{ids['cafe']}/descendre")
    assert owner.fragment == f"descendre-{ids['cafe']}"
    assert re.search(f'<button [^>]*id="{owner.fragment}"', owner.page)
    await owner.send(f"{MANAGE}/offices/{ids['cafe']}/monter")
    assert owner.fragment == f"descendre-{ids['cafe']}"  # the other way, from the end of the street
    await owner.send(f"{MANAGE}/offices/{ids['cafe']}/descendre")
    order = ["concentration", "cafe", "gerer-2", "aire-ouverte"]
    assert list(await office_ids(house)) == order
    assert await owner.open(f"{MANAGE}/offices/{ids['gerer-2']}") == 200
    await change_office(house, owner, "gerer-2", name_fr="La remise", capacity="4")
    await visitor.open("/c/les-pigistes/gerer-2")
    assert "La remise" in visitor.text
    await owner.send(f"{MANAGE}/offices/{ids['gerer-2']}/supprimer")
    assert await visitor.open("/c/les-pigistes/gerer-2") == 404


async def test_a_wrong_form_comes_back_with_what_was_typed(owner: Visitor) -> None:
    wrong = {**FORM, "name_fr": "<b>Le placard</b>", "capacity": "zéro"}
    assert await owner.send(f"{MANAGE}/offices", **wrong) == 400
    assert "nombre entier" in owner.text
    assert 'value="&lt;b&gt;Le placard&lt;/b&gt;"' in owner.page


async def test_people_inside_a_removed_office_are_out(
    house: web.Application, owner: Visitor
) -> None:
    office_id = (await office_ids(house))["cafe"]
    inside = house[LIVE_ROOMS].join(Joining(room=office_id, identity="alice"), Hearing())
    await owner.send(f"{MANAGE}/offices/{office_id}/supprimer")
    assert inside.gone


async def test_making_an_office_private_sends_out_those_who_were_not_invited(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    _, guest = await visitor.enter("/c/les-pigistes/cafe/entrer", name="Zoé")
    _, host = await owner.enter("/c/les-pigistes/cafe/entrer")
    rooms = house[LIVE_ROOMS]
    people = [
        rooms.join(Joining(room=guest["room"], identity=identity), Hearing())
        for identity in (guest["identity"], host["identity"], "a-program")
    ]
    await change_office(house, owner, "cafe", visibility="invitation")
    assert [each.gone for each in people] == [True, False, False]
    # The token is still good, and opens nothing more.
    assert await may_join(visitor, guest["token"]) == 403
    assert await may_join(visitor, host["token"]) == 200


async def may_join(visitor: Visitor, token: str) -> int:
    """What signalling answers to someone who comes with that token."""
    return await visitor.open(f"/rtc/validate?access_token={token}")


async def test_tokens_given_while_there_was_room_do_not_overfill_an_office(
    house: web.Application, owner: Visitor, visitors: Visitors
) -> None:
    await change_office(house, owner, "cafe", capacity="1")
    first, second = visitors(), visitors()
    _, early = await first.enter("/c/les-pigistes/cafe/entrer", name="Zoé")
    _, late = await second.enter("/c/les-pigistes/cafe/entrer", name="Amadou")
    assert await may_join(first, early["token"]) == 200
    house[LIVE_ROOMS].join(Joining(room=early["room"], identity=early["identity"]), Hearing())
    assert await may_join(first, early["token"]) == 200
    assert await may_join(second, late["token"]) == 403


async def test_a_token_of_a_removed_office_opens_nothing(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    office_id = (await office_ids(house))["cafe"]
    _, guest = await visitor.enter("/c/les-pigistes/cafe/entrer", name="Zoé")
    await owner.send(f"{MANAGE}/offices/{office_id}/supprimer")
    assert await may_join(visitor, guest["token"]) == 403


async def test_the_owner_page_lists_every_door_and_its_buttons(owner: Visitor) -> None:
    assert await owner.open(MANAGE) == 200
    assert len(re.findall(r'action="[^"]+/supprimer"', owner.page)) == 3
