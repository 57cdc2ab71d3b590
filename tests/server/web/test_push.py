"""Notices on a device: asked for on the account page, sent at the hour chosen, ended with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select, update

from server.keys import DATABASE, JOBS, PUSH, SETTINGS
from server.settings import BadSettings, Settings, load_settings, with_secrets
from server.storage.tables import PushNoticeRow, PushSubscriptionRow
from server.web.person import right_now
from tests.push_device import Device, subscribe
from tests.push_service import PushService, push_service
from tests.server.mailbox import sign_in
from tests.server.visitors import Visitor
from tests.server.web.test_session_reminders import starts_at
from tests.server.web.test_sessions import form, make

ON, OFF = "/compte/notifications", "/compte/notifications/arreter"


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[PushService]:
    async with push_service(tmp_path) as running:
        yield running


@pytest.fixture
def settings(settings: Settings, service: PushService) -> Settings:
    """A keeper with a push service of their own."""
    mine = {"push_services": [service.origin], "push_authorities": service.authorities}
    return settings.model_copy(update=mine | {"mail_from": "moulin@exemple.org"})


async def subscribed(house: web.Application) -> list[str]:
    """The addresses of the devices that want notices."""
    async with house[DATABASE].reading() as db:
        return list(await db.scalars(select(PushSubscriptionRow.endpoint)))


async def waiting(house: web.Application) -> list[PushNoticeRow]:
    """The notices that wait."""
    async with house[DATABASE].reading() as db:
        return list(await db.scalars(select(PushNoticeRow)))


async def sent(house: web.Application, about: str = "") -> None:
    """Until no notice about that (about anything, by default) is on its way any more."""
    async with asyncio.timeout(30):
        while any(each.about.startswith(about) for each in await waiting(house)):
            await asyncio.sleep(0.01)


async def want_notices(house: web.Application, visitor: Visitor, device: Device) -> None:
    """A member who has turned the switch on."""
    await sign_in(house, visitor)
    status, _ = await visitor.enter(ON, **device.subscription)
    assert status == 200


async def due_now(house: web.Application) -> None:
    """The hour of every notice has come, and is over: the house's own job may be at it too."""
    async with house[DATABASE].writing() as db:
        await db.execute(update(PushNoticeRow).values(next_try_at=right_now()))
    await house[JOBS].run_once("notices")
    await sent(house)


async def test_a_reminder_is_shown_on_the_device_at_its_hour(
    house: web.Application, owner: Visitor, visitor: Visitor, service: PushService
) -> None:
    address, device = await make(house, owner), subscribe(service, house[PUSH].public_key)
    await want_notices(house, visitor, device)
    await visitor.open(address)
    await visitor.send(f"{address}/reponse", answer="yes", remind="60")
    await visitor.send(f"{address}/reponse", answer="yes", remind="15")
    [notice] = await waiting(house)
    assert notice.next_try_at == await starts_at(house, address) - timedelta(minutes=15)
    later = (right_now() + timedelta(days=9)).date().isoformat()
    await owner.send_list(f"{address}/modifier", await form(house, date=later))
    await sent(house, "change:")
    [notice] = await waiting(house)
    assert f"{notice.next_try_at:%Y-%m-%d}" == later

    await due_now(house)
    changed, told = device.told(service)
    assert changed["title"].startswith("Changement\N{NO-BREAK SPACE}: ")
    assert told["title"].startswith("Bientôt\N{NO-BREAK SPACE}: ")
    assert (told["path"], told["lang"]) == (address, "fr")
    assert "Les Pigistes" in told["body"]
    assert service.taken[-1].claims["sub"] == "mailto:moulin@exemple.org"
    assert await waiting(house) == []


async def test_no_reminder_for_who_comes_no_more_or_when_it_is_called_off(
    house: web.Application, owner: Visitor, visitor: Visitor, service: PushService
) -> None:
    address = await make(house, owner)
    await want_notices(house, visitor, subscribe(service))
    await visitor.open(address)
    for answer, count in (("yes", 1), ("no", 0), ("maybe", 1)):
        await visitor.send(f"{address}/reponse", answer=answer, remind="60")
        assert len(await waiting(house)) == count
    await owner.send(f"{address}/annuler", reach="this")
    await sent(house)  # the news of it; a reminder would wait for its hour


async def test_a_freed_seat_is_told_at_once(
    house: web.Application, owner: Visitor, visitor: Visitor, service: PushService
) -> None:
    address, device = await make(house, owner, capacity="1"), subscribe(service)
    await owner.send(f"{address}/reponse", answer="yes")
    await want_notices(house, visitor, device)
    await visitor.open(address)
    await visitor.send(f"{address}/reponse", answer="yes")
    assert await waiting(house) == []
    await owner.send(f"{address}/reponse", answer="no")
    await house[JOBS].run_once("notices")
    await sent(house)
    [told] = device.told(service)
    assert told["title"].startswith("Une place pour vous\N{NO-BREAK SPACE}: ")


async def test_the_switch_and_signing_out(
    house: web.Application, visitor: Visitor, service: PushService
) -> None:
    device, other = subscribe(service), subscribe(service)
    await want_notices(house, visitor, device)
    assert await visitor.open("/compte") == 200
    assert 'data-on="1"' in visitor.page
    assert f'data-key="{house[PUSH].public_key}"' in visitor.page
    await visitor.enter(ON, **other.subscription)
    assert await subscribed(house) == [other.endpoint]
    status, _ = await visitor.enter(OFF)
    assert (status, await subscribed(house)) == (200, [])
    await visitor.open("/compte")
    assert 'data-on=""' in visitor.page
    await visitor.enter(ON, **device.subscription)
    await visitor.send("/sortir")
    assert await subscribed(house) == []


async def test_a_device_that_is_gone_is_forgotten(
    house: web.Application, owner: Visitor, visitor: Visitor, service: PushService
) -> None:
    address = await make(house, owner)
    await want_notices(house, visitor, subscribe(service))
    await visitor.open(address)
    await visitor.send(f"{address}/reponse", answer="yes", remind="60")
    service.answers = [(410, {})]
    await due_now(house)
    assert await subscribed(house) == []
    assert await waiting(house) == []


async def told_of_device(visitor: Visitor) -> tuple[bool, bool]:
    """What a device learns of its notices: whether it gets some, and whether it is to."""
    assert await visitor.open(ON) == 200
    told = json.loads(visitor.page)
    assert set(told) == {"on", "wanted", "key", "csrf"}
    return told["on"], told["wanted"]


async def test_a_device_lost_while_away_is_still_wanted_until_it_is_turned_off(
    house: web.Application, owner: Visitor, visitor: Visitor, service: PushService
) -> None:
    address = await make(house, owner)
    await sign_in(house, visitor)
    assert await told_of_device(visitor) == (False, False)
    await visitor.enter(ON, **subscribe(service).subscription)
    assert await told_of_device(visitor) == (True, True)
    await visitor.open(address)
    await visitor.send(f"{address}/reponse", answer="yes", remind="60")
    service.answers = [(410, {})]
    await due_now(house)
    assert await told_of_device(visitor) == (False, True)
    again = subscribe(service)
    await visitor.enter(ON, **again.subscription)
    assert (await told_of_device(visitor), await subscribed(house)) == (
        (True, True),
        [again.endpoint],
    )
    await visitor.enter(OFF)
    assert await told_of_device(visitor) == (False, False)


async def test_who_signs_in_next_on_a_device_wants_nothing_there(
    house: web.Application, visitor: Visitor, service: PushService
) -> None:
    await want_notices(house, visitor, subscribe(service))
    await visitor.send("/sortir")
    await sign_in(house, visitor)
    assert await told_of_device(visitor) == (False, False)


async def test_members_pages_look_for_notices_that_were_lost(
    house: web.Application, visitor: Visitor
) -> None:
    await visitor.send("/nom", name="Zoé", next="/")
    assert 'id="menu-moi"' in visitor.page
    assert "data-member" not in visitor.page
    await sign_in(house, visitor)
    await visitor.open("/")
    assert "data-member" in visitor.page


async def test_what_is_no_subscription_is_refused(
    house: web.Application, visitor: Visitor, service: PushService
) -> None:
    good = subscribe(service).subscription
    await visitor.send("/nom", name="Zoé", next="/")
    assert (await visitor.enter(ON, **good))[0] == 403  # a guest
    await sign_in(house, visitor)
    wrongs: tuple[dict[str, Any], ...] = (
        *({"endpoint": f"https://{host}/d"} for host in ("192.168.0.1", "127.0.0.1")),
        {"endpoint": 3},
        {"keys": []},
        {"keys": {**good["keys"], "auth": "YQ"}},
        {"keys": {**good["keys"], "auth": "é"}},
        {"keys": {**good["keys"], "p256dh": "BA" * 43}},
        {"keys": {"p256dh": 1, "auth": None}},
    )
    for wrong in wrongs:
        assert (await visitor.enter(ON, **(good | wrong)))[0] == 400, wrong
    assert await subscribed(house) == []
    assert (await visitor.enter(ON, **good))[0] == 200


async def test_the_worker_is_served_at_the_root(visitor: Visitor) -> None:
    assert await visitor.open("/sw.js") == 200
    assert visitor.headers["Content-Type"].startswith("text/javascript")
    assert visitor.headers["Cache-Control"] == "no-cache"
    assert "showNotification" in visitor.page


async def test_the_key_is_made_once_and_for_its_owner_alone(
    house: web.Application, settings: Settings
) -> None:
    kept = settings.data_dir / "vapid_key"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert with_secrets(settings.model_copy(update={"vapid_key": ""})) == house[SETTINGS]
    with pytest.raises(BadSettings, match="MOULIN_VAPID_KEY"):
        load_settings(data_dir=settings.data_dir, vapid_key="short")
