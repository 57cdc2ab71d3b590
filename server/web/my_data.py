"""What one may do with one's own data: take it all away in a file, and have it erased."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from typing import Any

from aiohttp import web
from livekit.protocol.models import DisconnectReason

from server.community.people import person_id_of
from server.keys import COOKIES, DATABASE, LIVE_ROOMS
from server.storage.queries import person_data
from server.web.account import ACCOUNT, someone
from server.web.farewells import erase_and_tell
from server.web.fields import form_fields
from server.web.person import check_rate, right_now
from server.web.rate_limits import OWN_DATA
from server.web.rendering import see_other, words_of
from server.web.session_news import wake

README = "LISEZMOI-README.txt"
DATA = "moulin.json"


async def download(request: web.Request) -> web.Response:
    """POST /compte/donnees: everything kept about oneself, as JSON in a zip."""
    person = await someone(request)
    check_rate(request, OWN_DATA)
    async with request.app[DATABASE].reading() as db:
        found = await person_data.gather_person(db, person.id, person.email)
    text = json.dumps(found, ensure_ascii=False, indent=2, default=_written)
    note = words_of(request).gettext(
        "Tout ce que ce serveur garde de vous est dans moulin.json, une liste par sorte de données."
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(README, note + "\n")
        archive.writestr(DATA, text)
    name = f"moulin-{right_now():%Y-%m-%d}.zip"
    return web.Response(
        body=packed.getvalue(),
        content_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else "…"


async def erase(request: web.Request) -> web.Response:
    """POST /compte/effacer: everything about oneself goes, and oneself out of every office.

    Those who come to one's sessions, or waited for one's seat, are told what changes for them.
    """
    person = await someone(request)
    check_rate(request, OWN_DATA)
    if (await form_fields(request)).get("sure") != "1":
        return see_other(f"{ACCOUNT}#effacer")
    async with request.app[DATABASE].writing() as db:
        await erase_and_tell(request.app, db, person.id, person.email)
    await request.app[DATABASE].forget_erased()
    wake(request.app)
    send_out(request.app, person.id)
    response = see_other("/confidentialite?fait=efface")
    request.app[COOKIES].log_out(response)
    return response


def send_out(app: web.Application, person_id: str) -> None:
    """Have someone leave every office that this process carries."""
    for room in app[LIVE_ROOMS]:
        for participant in tuple(room):
            if person_id_of(participant.identity) == person_id:
                participant.leave(DisconnectReason.PARTICIPANT_REMOVED)
