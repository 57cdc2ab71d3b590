"""The files of static/: compressed, kept for a year, and never anything from outside."""

from __future__ import annotations

import gzip
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from server.web.static_files import A_YEAR, StaticFiles

SCRIPT = "export const a = 1; // " + "x" * 2000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("secret")
    inside = tmp_path / "static"
    (inside / "js").mkdir(parents=True)
    (inside / "js" / "a.js").write_text(SCRIPT)
    (inside / "dot.woff2").write_bytes(b"font")
    (inside / "way-out").symlink_to(tmp_path)
    return inside


async def get(
    files: StaticFiles, path: str, encoding: str = "gzip"
) -> tuple[int, bytes, dict[str, str]]:
    """The status, the bytes as sent, and the headers."""
    app = web.Application()
    app.router.add_get("/static/{version}/{path:.+}", files.serve)
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession(auto_decompress=False) as client,
        client.get(
            URL(f"http://127.0.0.1:{server.port}{path}", encoded=True),
            headers={"Accept-Encoding": encoding},
        ) as answer,
    ):
        return answer.status, await answer.read(), dict(answer.headers)


async def test_a_script_is_sent_compressed_and_kept_for_a_year(folder: Path) -> None:
    files = StaticFiles(folder)
    status, body, headers = await get(files, files.url("js/a.js"))
    assert status == 200
    assert headers["Content-Encoding"] == "gzip"
    assert headers["Cache-Control"] == A_YEAR
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert len(body) < 200
    assert gzip.decompress(body).decode() == SCRIPT


async def test_who_cannot_read_gzip_gets_it_plain(folder: Path) -> None:
    files = StaticFiles(folder)
    _, body, headers = await get(files, files.url("js/a.js"), encoding="identity")
    assert body.decode() == SCRIPT
    assert "Content-Encoding" not in headers


async def test_what_is_compressed_already_is_left_so(folder: Path) -> None:
    files = StaticFiles(folder)
    _, body, headers = await get(files, files.url("dot.woff2"))
    assert (body, headers["Content-Type"]) == (b"font", "font/woff2")


async def test_another_content_is_another_address(folder: Path) -> None:
    before = StaticFiles(folder)
    (folder / "js" / "a.js").write_text("export const a = 2;")
    after = StaticFiles(folder)
    assert before.url("js/a.js") != after.url("js/a.js")
    _, body, headers = await get(after, before.url("js/a.js"))
    assert body == b"export const a = 2;"
    assert headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "%2e%2e/secret.txt",
        "js/..%2f..%2fsecret.txt",
        "way-out/secret.txt",
        "js",
        "js/b.js",
        "%2fetc/passwd",
        "js/a.js%00",
    ],
)
async def test_nothing_else_is_served(folder: Path, path: str) -> None:
    files = StaticFiles(folder)
    status, body, _ = await get(files, f"/static/{files.version}/{path}")
    assert status in (404, 400)
    assert b"secret" not in body
