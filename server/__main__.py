"""The command line: python -m server serve, migrate, token, owner-link, community, demo."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any, NoReturn

import typer

from server.logs import configure_logs
from server.settings import BadSettings, Settings, load_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Moulin, a virtual coworking house. Settings come from MOULIN_* variables.",
)


def main() -> None:
    """Run the command line."""
    app(prog_name="python -m server")


@app.command()
def serve() -> None:
    """Serve pages, signalling and media until Ctrl-C."""
    # To look for garbage among modules, of which none becomes any, is a fifth of the start.
    gc.disable()
    from server.serving import CannotStart
    from server.serving import serve as serve_until_stopped

    gc.freeze()
    gc.enable()
    settings = _settings()
    _run_or_refuse(lambda: serve_until_stopped(settings), CannotStart)


@app.command()
def migrate() -> None:
    """Bring the database's tables up to date (serve does it by itself)."""
    from server.storage.database import Database, DatabaseUnavailable

    settings = _settings()

    async def bring_up_to_date() -> None:
        database = Database(settings.database)
        try:
            await database.migrate()
        finally:
            await database.close()

    _run_or_refuse(bring_up_to_date, DatabaseUnavailable)
    typer.echo("The database is up to date.")


@app.command()
def token(
    room: Annotated[str, typer.Option(help="Name of the room, such as an office's id.")],
    identity: Annotated[str, typer.Option(help="Who the token is for, unique in the room.")],
    name: Annotated[str, typer.Option(help="Name that others see.")] = "",
    hours: Annotated[float, typer.Option(help="How long it opens the room.", min=0.01)] = 6,
    admin: Annotated[bool, typer.Option(help="May moderate the room.")] = False,
    hidden: Annotated[bool, typer.Option(help="Others do not see this participant.")] = False,
) -> None:
    """Print a LiveKit access token for a room."""
    from server.signalling.tokens import sign

    settings = _settings()
    signed = sign(
        settings.api_key,
        settings.api_secret,
        now=time.time(),
        identity=identity,
        name=name or identity,
        room=room,
        ttl=hours * 3600,
        room_admin=admin,
        hidden=hidden,
    )
    typer.echo(signed)


@app.command("owner-link")
def owner_link(
    community: Annotated[
        str,
        typer.Option(help="Its piece of address (default: the first, and the right to open more)."),
    ] = "",
) -> None:
    """Print a new one-time link that makes its holder the owner."""
    from server.serving import CannotStart, new_owner_link
    from server.storage.database import Database, DatabaseUnavailable

    settings = _settings()

    async def make() -> None:
        database = Database(settings.database)
        try:
            await database.migrate()
            typer.echo(
                await new_owner_link(database, settings, community, opens_server=not community)
            )
        finally:
            await database.close()

    _run_or_refuse(make, CannotStart, DatabaseUnavailable)


@app.command()
def community(
    name: Annotated[str, typer.Argument(help="Its name in French.")],
    english: Annotated[str, typer.Option(help="Its name in English.")] = "",
    slug: Annotated[str, typer.Option(help="Its piece of address (default: from its name).")] = "",
    zone: Annotated[str, typer.Option(help="Its time zone.")] = "America/Toronto",
    listed: Annotated[bool, typer.Option(help="Show it in the public directory.")] = True,
) -> None:
    """Open a community; prints its address and a one-time link that makes its holder the owner."""
    from server.community.communities import draft_community
    from server.community.text import slug_of
    from server.serving import CannotStart, new_community
    from server.storage.database import Database, DatabaseUnavailable

    settings = _settings()
    fields = {"name_fr": name, "name_en": english, "time_zone": zone, "listed": str(int(listed))}
    draft, errors = draft_community(fields)
    if draft is None:
        _refuse(ValueError(", ".join(f"{field}: {code}" for field, code in errors.items())))
    if slug and slug_of(slug, set(), otherwise="") != slug:
        _refuse(ValueError("slug: small letters, digits and hyphens only"))

    async def make() -> None:
        database = Database(settings.database)
        try:
            await database.migrate()
            typer.echo("\n".join(await new_community(database, settings, draft, slug)))
        finally:
            await database.close()

    _run_or_refuse(make, CannotStart, DatabaseUnavailable)


@app.command()
def seed(
    members: Annotated[int, typer.Option(help="How many members.", min=1, max=20_000)] = 700,
) -> None:
    """Fill the database with a month of a busy community, to try the server with."""
    from server.storage.database import Database, DatabaseUnavailable
    from server.storage.seed import AlreadySeeded, seed_community

    settings = _settings()

    async def fill() -> None:
        database = Database(settings.database)
        try:
            await database.migrate()
            async with database.writing() as db:
                made = await seed_community(db, members, datetime.now(UTC))
            typer.echo(
                f"{settings.address}/c/{made.slug}: {made.members} members, "
                f"{made.sessions} sessions, {made.answers} answers"
            )
        finally:
            await database.close()

    _run_or_refuse(fill, AlreadySeeded, DatabaseUnavailable)


@app.command()
def demo(
    people: Annotated[int, typer.Option(help="How many coworkers to seat.", min=1, max=50)] = 6,
    office: Annotated[str, typer.Option(help="Office's piece of address or id.")] = "",
    url: Annotated[str, typer.Option(help="Running server (default: the settings' own).")] = "",
) -> None:
    """Seat synthetic coworkers in an office of a running server until Ctrl-C."""
    from server.demo import DemoUnavailable, run_demo

    settings = _settings()
    try:
        run_demo(settings, people=people, url=url, office=office)
    except DemoUnavailable as error:
        _refuse(error)


def _settings() -> Settings:
    try:
        settings = load_settings()
    except BadSettings as error:
        _refuse(error)
    configure_logs(settings.log_level, settings.log_format)
    return settings


def _run_or_refuse(
    work: Callable[[], Coroutine[Any, Any, None]], *refusals: type[Exception]
) -> None:
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(work())
    except refusals as error:
        _refuse(error)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's loop where it is installed (not on Windows, not on PyPy), else asyncio's own."""
    with contextlib.suppress(ImportError):
        import uvloop

        return uvloop.new_event_loop
    return None


def _refuse(error: Exception) -> NoReturn:
    typer.echo(f"moulin: {error}", err=True)
    raise typer.Exit(2)


if __name__ == "__main__":
    main()
