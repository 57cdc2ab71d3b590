"""A guest who leaves another app's browser for the phone's own takes their seat along.

The link holds the login of the browser it was shown in. Used, it ends that login: whoever presses
first has the seat, the browser left behind and everybody else have nothing.
"""

from __future__ import annotations

from aiohttp import web

from server.community.people import Person
from server.keys import COOKIES, DATABASE
from server.storage.database import Transaction
from server.storage.queries import logins, people
from server.web.account_views import HandoverView
from server.web.fields import form_fields
from server.web.my_data import send_out
from server.web.person import check_rate, known_login, known_person, log_in, right_now
from server.web.rate_limits import NAMES
from server.web.rendering import render_doorway, see_other, words_of
from server.web.seat_news import merge_and_tell
from server.web.way_back import safe_next


async def handover_page(request: web.Request) -> web.Response:
    """GET /suite/{token}: a button. Looking moves nobody."""
    login_id = _login_of(request)
    if login_id is not None and login_id == await _here(request):
        return see_other(safe_next(request.query.get("vers")))  # it was opened where it was shown
    return await _show(request, login_id)


async def take_over(request: web.Request) -> web.Response:
    """POST /suite/{token}: this browser is that guest's from now on, the other no longer."""
    check_rate(request, NAMES)
    login_id, here = _login_of(request), await known_person(request)
    target = safe_next((await form_fields(request)).get("vers"))
    if login_id is not None and login_id == known_login(request):
        return see_other(target)
    guest = None
    async with request.app[DATABASE].writing() as db:
        if login_id is not None:
            guest = await logins.take_guests_login(db, login_id)
        if guest is not None and here is not None and here.id != guest.id:
            await _join(request.app, db, guest, here)
    if guest is None:
        return await _show(request, login_id)
    response = see_other(target)
    if here is None:
        await log_in(request, response, guest, "handover")
    elif here.id != guest.id:
        send_out(request.app, guest.id)
    return response


async def _join(app: web.Application, db: Transaction, guest: Person, here: Person) -> None:
    """What the guest held becomes that of the person whom this browser knows already."""
    now = right_now()
    await merge_and_tell(app, db, guest.id, here.id, now)
    if here.email is not None:
        await people.join_where_admitted(db, here.id, now)


async def _show(request: web.Request, login_id: str | None) -> web.Response:
    words, guest = words_of(request), None
    if login_id is not None:
        async with request.app[DATABASE].reading() as db:
            found = await logins.person_of_login(db, login_id)
            if found and await logins.may_be_handed_over(db, found[0].id):
                guest = found[0]
    view = HandoverView(
        state="valid" if guest else "unknown",
        explanation=words.gettext(
            "Il ne sert qu’une fois, pendant 30 minutes. Revenez à l’application d’où vous venez, "
            "rechargez la page, puis recommencez."
        ),
        accept_url=request.path,
        next=safe_next(request.query.get("vers")),
        name=guest.name if guest else "",
    )
    return await render_doorway(request, "handover.html", view, words.gettext("Continuer ici"))


def _login_of(request: web.Request) -> str | None:
    return request.app[COOKIES].handed_over(request.match_info["token"])


async def _here(request: web.Request) -> str | None:
    await known_person(request)
    return known_login(request)
