"""LiveKit's protocol: tokens, joining, conversations over WebSockets, and the RoomService."""

from __future__ import annotations

from aiohttp import web

from server.signalling.room_service import add_room_service_routes
from server.signalling.routes import add_rtc_routes

__all__ = ["add_signalling_routes"]


def add_signalling_routes(app: web.Application) -> None:
    """Serve LiveKit's client protocol and its RoomService; needs SETTINGS and LIVE_ROOMS."""
    add_rtc_routes(app)
    add_room_service_routes(app)
