"""The files of static/: read and compressed once, at addresses that change with their content."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

MOST_BYTES = 16 * 1024 * 1024
A_YEAR = "public, max-age=31536000, immutable"
_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
}
_COMPRESSED = ("text/", "application/json", "image/svg+xml")


@dataclass(frozen=True)
class StaticFile:
    """One file's bytes, as they stand and compressed (None when that gains nothing)."""

    content_type: str
    plain: bytes
    gzipped: bytes | None


class StaticFiles:
    """Serves /static/VERSION/…, VERSION being a hash of everything in the folder.

    The version stands before the path, so that modules which import each other by relative
    addresses stay within one version.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._files: dict[str, tuple[int, StaticFile]] = {}
        self.version = self._hash()

    def url(self, path: str) -> str:
        """The versioned address of a file of static/."""
        return f"/static/{self.version}/{path}"

    async def serve(self, request: web.Request) -> web.Response:
        """Answer a request for a file; kept for a year when asked under the present version."""
        file = self._read(request.match_info["path"])
        if file is None:
            raise web.HTTPNotFound
        current = request.match_info["version"] == self.version
        headers = {"Cache-Control": A_YEAR if current else "no-cache", "Vary": "Accept-Encoding"}
        body = file.plain
        if file.gzipped is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
            body = file.gzipped
            headers["Content-Encoding"] = "gzip"
        headers["Content-Type"] = file.content_type
        return web.Response(body=body, headers=headers)

    def alone(self, path: str) -> web.Response:
        """A file at an address of its own, which never changes: asked for again each time."""
        file = self._read(path)
        if file is None:
            raise web.HTTPNotFound
        headers = {"Content-Type": file.content_type, "Cache-Control": "no-cache"}
        return web.Response(body=file.plain, headers=headers)

    def _read(self, path: str) -> StaticFile | None:
        if "\0" in path:
            return None
        place = (self._folder / path).resolve()
        if not place.is_relative_to(self._folder) or not place.is_file():
            return None
        changed = place.stat().st_mtime_ns
        known = self._files.get(path)
        if known is not None and known[0] == changed:
            return known[1]
        file = _load(place)
        if sum(len(each.plain) for _, each in self._files.values()) < MOST_BYTES:
            self._files[path] = (changed, file)
        return file

    def _hash(self) -> str:
        digest = hashlib.sha256()
        for place in sorted(self._folder.rglob("*")):
            if place.is_file():
                digest.update(str(place.relative_to(self._folder)).encode())
                digest.update(place.read_bytes())
        return digest.hexdigest()[:12]


def _load(place: Path) -> StaticFile:
    content_type = _TYPES.get(place.suffix) or mimetypes.guess_type(place.name)[0]
    content_type = content_type or "application/octet-stream"
    plain = place.read_bytes()
    gzipped = None
    if content_type.startswith(_COMPRESSED):
        smaller = gzip.compress(plain, 9, mtime=0)
        gzipped = smaller if len(smaller) < len(plain) else None
        content_type += "; charset=utf-8" if content_type.startswith("text/") else ""
    return StaticFile(content_type, plain, gzipped)
