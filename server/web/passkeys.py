"""Passkeys (WebAuthn): adding one to an account, and signing in with one instead of a letter."""

from __future__ import annotations

import json
from typing import Any

import webauthn
from aiohttp import web
from webauthn.helpers import base64url_to_bytes, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
)

from server.community.merging import arrive
from server.keys import DATABASE, SETTINGS
from server.storage.queries import passkeys, people
from server.web.account import done, member
from server.web.devices import device_name
from server.web.fields import form_fields, json_object
from server.web.passkey_host import passkey_host
from server.web.person import check_rate, known_person, log_in, right_now, typed_name
from server.web.rate_limits import LOGIN_LINKS
from server.web.refused import Refused
from server.web.sign_in import settle
from server.web.way_back import safe_next

NOT_KNOWN = Refused(400, "passkey_unknown")


async def registration_options(request: web.Request) -> web.Response:
    """POST /compte/cles/defi: what the browser needs to make a passkey."""
    person, now = await member(request), right_now()
    async with request.app[DATABASE].writing() as db:
        known = await passkeys.passkeys_of(db, person.id)
        if len(known) >= passkeys.MOST_PASSKEYS:
            raise Refused(409, "most_passkeys")
        options = webauthn.generate_registration_options(
            rp_id=passkey_host(request.app[SETTINGS]),
            rp_name="Moulin",
            user_id=person.id.encode(),
            user_name=person.email or person.name,
            user_display_name=person.name,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=k.credential_id) for k in known],
        )
        await passkeys.keep_challenge(db, options.challenge, person.id, now)
    return _options(webauthn.options_to_json(options))


async def register(request: web.Request) -> web.Response:
    """POST /compte/cles: keep the passkey that the browser made."""
    person, now = await member(request), right_now()
    settings, credential = request.app[SETTINGS], _credential(await json_object(request))
    async with request.app[DATABASE].writing() as db:
        challenge = _challenge(credential)
        if not await passkeys.use_challenge(db, challenge, person.id, now):
            raise NOT_KNOWN
        try:
            made = webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=passkey_host(settings),
                expected_origin=settings.address,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError):
            raise NOT_KNOWN from None
        if await passkeys.passkey_by_id(db, passkeys.passkey_id(made.credential_id)) is not None:
            raise NOT_KNOWN
        await passkeys.add_passkey(
            db,
            person.id,
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            name=device_name(request.headers.get("User-Agent", "")),
            now=now,
        )
    return web.json_response({"next": "/compte?fait=cle-faite"})


async def rename(request: web.Request) -> web.Response:
    """POST /compte/cles/{id}/nommer: what one calls a passkey."""
    person = await member(request)
    name = typed_name((await form_fields(request)).get("name"))
    async with request.app[DATABASE].writing() as db:
        await passkeys.rename_passkey(db, person.id, request.match_info["id"], name)
    return done("cle-nommee")


async def remove(request: web.Request) -> web.Response:
    """POST /compte/cles/{id}/retirer: the passkey signs in no more."""
    person = await member(request)
    async with request.app[DATABASE].writing() as db:
        await passkeys.remove_passkey(db, person.id, request.match_info["id"])
    return done("cle")


async def sign_in_options(request: web.Request) -> web.Response:
    """POST /connexion/defi: what the browser needs to sign in with any passkey it has."""
    check_rate(request, LOGIN_LINKS)
    options = webauthn.generate_authentication_options(rp_id=passkey_host(request.app[SETTINGS]))
    async with request.app[DATABASE].writing() as db:
        await passkeys.keep_challenge(db, options.challenge, None, right_now())
    return _options(webauthn.options_to_json(options))


async def sign_in(request: web.Request) -> web.Response:
    """POST /connexion/cle: whoever holds the passkey is signed in."""
    check_rate(request, LOGIN_LINKS)
    settings, now = request.app[SETTINGS], right_now()
    here, sent = await known_person(request), await json_object(request)
    credential = _credential(sent)
    async with request.app[DATABASE].writing() as db:
        challenge = _challenge(credential)
        known = await passkeys.passkey_by_id(db, passkeys.passkey_id(_raw_id(credential)))
        if known is None or not await passkeys.use_challenge(db, challenge, None, now):
            raise NOT_KNOWN
        try:
            proved = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=passkey_host(settings),
                expected_origin=settings.address,
                credential_public_key=known.public_key,
                credential_current_sign_count=known.sign_count,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError):
            raise NOT_KNOWN from None
        await passkeys.passkey_used(db, known.id, proved.new_sign_count, now)
        owner = await people.person_by_id(db, known.person_id)
        if owner is None:
            raise NOT_KNOWN
        person = await settle(db, request, arrive(here, owner), owner.email or "", "")
    response = web.json_response({"next": safe_next(sent.get("next"))})
    await log_in(request, response, person, "passkey")
    return response


def _options(text: str) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(text=text, content_type="application/json", headers=headers)


def _credential(sent: dict[str, Any]) -> dict[str, Any]:
    credential = sent.get("credential")
    if not isinstance(credential, dict):
        raise Refused(400, "bad_request")
    return credential


def _challenge(credential: dict[str, Any]) -> bytes:
    """The challenge that a browser says it answers; whether it is ours is asked next."""
    try:
        data = base64url_to_bytes(credential["response"]["clientDataJSON"])
        return parse_client_data_json(data).challenge
    except (WebAuthnException, ValueError, KeyError, TypeError, json.JSONDecodeError):
        raise NOT_KNOWN from None


def _raw_id(credential: dict[str, Any]) -> bytes:
    try:
        return base64url_to_bytes(credential["rawId"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NOT_KNOWN from None
