"""What people send: the fields of a form and the object of a script, or a refusal."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from server.web.refused import Refused

BODY_SECONDS = 60.0
"""How long the small bodies of forms and scripts may take to come, on the slowest network."""


async def form_fields(request: web.Request) -> dict[str, str]:
    """The text fields of a form, files left out; raises Refused when it cannot be read."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            form = await request.post()
    except (ValueError, LookupError, AssertionError, RuntimeError, TimeoutError):
        # aiohttp's form readers say no in as many ways as there are of being wrong.
        raise Refused(400, "bad_request") from None
    return {name: value for name, value in form.items() if isinstance(value, str)}


async def form_lists(request: web.Request) -> dict[str, list[str]]:
    """All the text values of a form by field, in order, where a field may come several times."""
    await form_fields(request)
    form = await request.post()
    texts = [(name, value) for name, value in form.items() if isinstance(value, str)]
    return {name: [value for each, value in texts if each == name] for name, _ in texts}


async def json_object(request: web.Request) -> dict[str, Any]:
    """The JSON object of a script, {} for an empty body; raises Refused for anything else."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await request.json() if request.can_read_body else {}
    except (ValueError, LookupError, RecursionError, TimeoutError):
        raise Refused(400, "bad_request") from None
    if not isinstance(body, dict):
        raise Refused(400, "bad_request")
    return body
