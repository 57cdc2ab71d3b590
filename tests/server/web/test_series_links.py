"""A link to a series that was edited "from this date on": it leads on, counts, unfurls, closes."""

from __future__ import annotations

import re

from aiohttp import web

from tests.server.agents import CRAWLERS
from tests.server.conftest import Visitors
from tests.server.offices import MANAGE, change_office, office_ids
from tests.server.visitors import Visitor
from tests.server.web.test_sessions import LIST, form, make

CAFE = "/c/les-pigistes/cafe"


async def rename_from_second(house: web.Application, owner: Visitor, open_to: str) -> str:
    """A link to a series; from its second date on, it has another name and is in the café.

    The first is called off. The address of the second; the owner is on the link's page.
    """
    address = await make(house, owner, frequency="weekly", count="4")
    second: str = re.findall(rf'href="({LIST}/se_[0-9a-f]+)"', owner.page)[0]
    session_id = address.rpartition("/")[2]
    await owner.send(f"{MANAGE}/invitations", session=session_id, whole="1")
    page = owner.path.partition("?")[0]
    await owner.open(f"{second}/modifier")
    day = re.search(r'name="date" type="date" value="([^"]+)"', owner.page)
    assert day is not None
    cafe = (await office_ids(house))["cafe"]
    edit = {"title_fr": "Jeudi du café", "title_en": "", "open_to": open_to, "office": cafe}
    rule = {"reach": "following", "frequency": "weekly", "count": "4", "date": day[1]}
    await owner.send_list(f"{second}/modifier", await form(house, **edit, **rule))
    assert owner.path == f"{second}?fait=saved"
    await owner.open(address)
    assert second in owner.page  # among the next dates, though of a series of its own
    await owner.send(f"{address}/annuler", reach="this")
    await owner.open(page)
    return second


def link_on(owner: Visitor) -> str:
    found = re.search(r'id="new-link"[^>]* value="https?://[^/"]+(/i/[^"]+)"', owner.page)
    assert found is not None
    return found[1]


async def test_an_old_link_leads_to_what_became_of_its_series(
    house: web.Application, owner: Visitor, visitors: Visitors
) -> None:
    second = await rename_from_second(house, owner, "all")
    page, link = owner.path, link_on(owner)
    assert "Jeudi du café" in owner.text
    assert "Mardi des factures" not in owner.text

    crawler = visitors(**{"User-Agent": CRAWLERS["facebook"]})
    assert await crawler.open(link) == 200
    assert 'property="og:title" content="Jeudi du café' in crawler.text

    guest = visitors()
    await guest.open(link)
    assert "Le café" in guest.text
    await guest.send("/langue", lang="en", next=link)
    day = re.search(r"<strong>(\w+, \w+) \d", guest.page)
    assert day is not None
    assert day[1].istitle()  # "Tuesday, December", never "Tuesday, december"
    await guest.send("/langue", lang="fr", next=link)
    await guest.send(link, name="Ana")
    assert guest.path == second

    await owner.open(page)
    assert "1 entrée" in owner.text
    await owner.open(MANAGE)
    row = owner.text.partition("data-invitation")[2].partition("</li>")[0]
    assert "Jeudi du café" in row
    assert "1 ouverture" in row


async def test_it_opens_the_private_office_where_the_series_went_until_it_is_revoked(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    await change_office(house, owner, "cafe", visibility="invitation")
    second = await rename_from_second(house, owner, "invited")
    link = link_on(owner)
    await visitor.open(link)
    await visitor.send(link, name="Ana")
    assert visitor.path == second
    assert (await visitor.enter(f"{CAFE}/entrer"))[0] == 200
    await owner.open(MANAGE)
    revoke = re.search(r'action="([^"]+/revoquer)"', owner.page)
    assert revoke is not None
    await owner.send(revoke[1])
    assert await visitor.open(link) == 410
    assert "Jeudi du café" not in visitor.text
    assert (await visitor.enter(f"{CAFE}/entrer"))[0] == 403
    assert await visitor.open(second) == 404
