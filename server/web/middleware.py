"""What holds for every request: headers, size, the defence against forged changes, errors, logs."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

import structlog
from aiohttp import web

from server.keys import COOKIES, SETTINGS
from server.web.fields import form_fields
from server.web.person import known_person
from server.web.refused import STATUS_CODES, Refused, sentences
from server.web.rendering import render, words_of
from server.web.views import ErrorView
from server.web.way_back import is_here, page_shown

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.stdlib.get_logger("server.web")

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LARGEST_BODY = 64 * 1024
_HOST = re.compile(r"[A-Za-z0-9.\-\[\]:]{1,255}")

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Forms need their Origin, which no-referrer would hide; other sites learn no address of ours.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), "
        "screen-wake-lock=(self), speaker-selection=(self), autoplay=(self), "
        "picture-in-picture=(self), geolocation=(), payment=(), usb=(), browsing-topics=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def is_signalling(request: web.Request) -> bool:
    """Whether LiveKit's clients speak here: they bear tokens, never cookies, and answer for
    themselves."""
    return request.path.startswith(("/rtc", "/twirp/"))


def content_policy(host: str, *, secure: bool) -> str:
    """The Content-Security-Policy of a page reached at `host`."""
    socket = f" {'wss' if secure else 'ws'}://{host}" if _HOST.fullmatch(host) else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        f"media-src 'self' blob:; font-src 'self'; connect-src 'self'{socket}; "
        "worker-src 'self' blob:; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'self'"
    )


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put the security headers on any answer about to leave."""
    settings = request.app[SETTINGS]
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if not is_signalling(request):
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    policy = content_policy(request.host, secure=settings.is_secure)
    response.headers.setdefault("Content-Security-Policy", policy)
    if settings.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")


@web.middleware
async def log_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """One line a request, by its route: addresses may hold tokens and are never written."""
    began = time.perf_counter()
    status = 500
    try:
        response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as answer:
        status = answer.status
        raise
    finally:
        resource = request.match_info.route.resource
        log.debug(
            "request",
            method=request.method,
            route=resource.canonical if resource else "unknown",
            status=status,
            ms=round((time.perf_counter() - began) * 1000, 1),
        )


@web.middleware
async def show_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every refusal and failure with a sentence that says what to do."""
    if is_signalling(request):
        return await handler(request)
    try:
        return await handler(request)
    except Refused as refused:
        answer = await _answer(request, refused.status, refused.code)
        if refused.status in (429, 503):
            answer.headers["Retry-After"] = "60"
        return answer
    except web.HTTPException as error:
        if error.status < 400:
            raise
        answer = await _answer(request, error.status, STATUS_CODES.get(error.status, "failed"))
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer
    except Exception:
        log.exception("request failed", method=request.method)
        return await _answer(request, 500, "failed")


async def _answer(request: web.Request, status: int, code: str) -> web.Response:
    words = words_of(request)
    told = sentences(code, words)
    if _wants_json(request):
        message = f"{told.title}. {told.what_to_do}"
        return web.json_response({"error": code, "message": message}, status=status)
    try:
        view = ErrorView(
            status,
            told.title,
            told.what_to_do,
            back_url="/" if request.method == "GET" else page_shown(request),
            sign_in_url=await _way_in(request, status, code),
        )
        return await render(request, "error.html", view, status=status)
    except Exception:  # the database or a template may be what failed
        log.exception("error page failed")
        return web.Response(text=f"{told.title}\n\n{told.what_to_do}\n", status=status)


async def _way_in(request: web.Request, status: int, code: str) -> str:
    """Where who is not signed in may do so, and come back to what is not for everybody.

    A form that was left open for too long ("csrf") only has to be opened again.
    """
    if status != 403 or code == "csrf":
        return ""
    person = await known_person(request)
    if person is not None and person.email is not None:
        return ""
    return "/connexion?" + urlencode({"next": page_shown(request)})


def _wants_json(request: web.Request) -> bool:
    accept = request.headers.get("Accept", "")
    return request.content_type == "application/json" or (
        "application/json" in accept and "text/html" not in accept
    )


@web.middleware
async def refuse_nonsense(request: web.Request, handler: Handler) -> web.StreamResponse:
    """No address holds control characters (PostgreSQL cannot even compare NUL), and the house's
    forms are small; a body of unknown length is not read at all."""
    if not request.path.isprintable():
        raise Refused(404, "not_found")
    if request.method not in SAFE_METHODS and not is_signalling(request):
        length = request.content_length
        if length is None and request.can_read_body:
            raise Refused(413, "too_large")
        if length is not None and length > LARGEST_BODY:
            raise Refused(413, "too_large")
    return await handler(request)


@web.middleware
async def refuse_forged_changes(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every change must come from our own pages: by its origin, and by a token of this browser."""
    if request.method not in SAFE_METHODS and not is_signalling(request):
        if not _is_from_here(request):
            raise Refused(403, "csrf")
        cookies = request.app[COOKIES]
        nonce = cookies.csrf_nonce(request)
        if nonce is None or not cookies.is_csrf_token(nonce, await _sent_token(request)):
            raise Refused(403, "csrf")
    return await handler(request)


def _is_from_here(request: web.Request) -> bool:
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    return origin is None or is_here(request, origin)


async def _sent_token(request: web.Request) -> str:
    header = request.headers.get("X-CSRF-Token")
    if header is not None:
        return header
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return (await form_fields(request)).get("csrf_token", "")
    return ""
