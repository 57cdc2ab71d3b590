"""The switch for notices on this device, and the script that shows them there."""

from __future__ import annotations

from aiohttp import web

from server.community.people import Person
from server.keys import DATABASE, PUSH, STATIC_FILES
from server.push.encryption import SECRET_BYTES, browser_key
from server.push.vapid import from_text
from server.storage.queries import push_subscriptions
from server.web.account import member
from server.web.fields import json_object
from server.web.person import known_login, right_now
from server.web.refused import Refused
from server.web.rendering import csrf_token, keep_csrf

BAD = Refused(400, "bad_request")


async def worker(request: web.Request) -> web.Response:
    """GET /sw.js: at the root, so that it may open any page of the house."""
    return request.app[STATIC_FILES].alone("js/service-worker.js")


async def state(request: web.Request) -> web.Response:
    """GET /compte/notifications: whether this device gets notices (`on`) and is to get some
    (`wanted`), and what it needs to ask for them again."""
    _, login_id = await _device(request)
    async with request.app[DATABASE].reading() as db:
        on = await push_subscriptions.is_subscribed(db, login_id)
        wanted = await push_subscriptions.is_wanted(db, login_id)
    key = request.app[PUSH].public_key
    told = {"on": on, "wanted": wanted, "key": key, "csrf": csrf_token(request)}
    response = web.json_response(told, headers={"Cache-Control": "no-store"})
    keep_csrf(request, response)
    return response


async def subscribe(request: web.Request) -> web.Response:
    """POST /compte/notifications: this device wants notices, at the address its browser gives."""
    person, login_id = await _device(request)
    sent = await json_object(request)
    endpoint, keys = sent.get("endpoint"), sent.get("keys")
    if not isinstance(endpoint, str) or not request.app[PUSH].accepts(endpoint):
        raise BAD
    public_key, secret = _keys(keys if isinstance(keys, dict) else {})
    async with request.app[DATABASE].writing() as db:
        await push_subscriptions.put_subscription(
            db,
            login_id,
            person.id,
            endpoint=endpoint,
            public_key=public_key,
            secret=secret,
            now=right_now(),
        )
    return web.json_response({"on": True})


async def unsubscribe(request: web.Request) -> web.Response:
    """POST /compte/notifications/arreter: this device wants none any more."""
    _, login_id = await _device(request)
    async with request.app[DATABASE].writing() as db:
        await push_subscriptions.turn_off(db, login_id)
    return web.json_response({"on": False})


async def _device(request: web.Request) -> tuple[Person, str]:
    person = await member(request)
    login_id = known_login(request)
    if login_id is None:
        raise Refused(403, "members_only")
    return person, login_id


def _keys(keys: dict[str, object]) -> tuple[bytes, bytes]:
    """The browser's public key and the secret shared with it; raises Refused for anything else."""
    point, secret = keys.get("p256dh"), keys.get("auth")
    if not isinstance(point, str) or not isinstance(secret, str):
        raise BAD
    try:
        found = from_text(point), from_text(secret)
        browser_key(found[0])
    except ValueError:
        raise BAD from None
    if len(found[0]) != 65 or len(found[1]) != SECRET_BYTES:
        raise BAD
    return found
