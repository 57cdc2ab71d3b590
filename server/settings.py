"""Every setting of the server, one documented field each, read from MOULIN_* variables."""

from __future__ import annotations

import ipaddress
import os
import secrets
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

import ifaddr
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from rooms.limits import Limits
from server.mail import sender_address, smtp_server
from server.push.endpoints import OwnServices, origin_of
from server.push.vapid import Vapid, fresh_key

Port = Annotated[int, Field(ge=1, le=65535)]
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class BadSettings(Exception):
    """A setting that cannot be used; its text is the one line to show at the start."""


class Settings(BaseSettings):
    """The server's settings. Each field's description is its line in the README's table."""

    model_config = SettingsConfigDict(
        env_prefix="MOULIN_",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,
    )

    http_host: str = Field("127.0.0.1", description="Address that pages and signalling listen on.")
    http_port: Port = Field(8080, description="TCP port of pages and signalling.")
    public_url: str = Field(
        "", description="Address people type, without final slash (default: http://localhost:PORT)."
    )
    rtc_addresses: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Comma-separated addresses that media is served on and advertised at (default: "
        "127.0.0.1 when the public URL is this machine's own, else every address it has). Behind "
        "one-to-one NAT write bound=public, as in 10.0.0.5=203.0.113.7.",
    )
    rtc_udp_port: Port = Field(7882, description="UDP port of all media.")
    rtc_tcp_port: int = Field(
        7881, ge=0, le=65535, description="TCP port of media where UDP is closed; 0: none."
    )
    compiled: Literal["on", "off", "nosegments"] = Field(
        "on",
        # Read by rooms.compiled.library when it is imported.
        description="Packet path: on (compiled where it was built), off (in Python), nosegments "
        "(compiled, without UDP segmentation offload).",
    )
    data_dir: Path = Field(
        Path("data"), description="Folder of the database file and of the generated secrets."
    )
    database_url: str = Field(
        "",
        description="Database: postgresql://… or sqlite:///… "
        "(default: moulin.sqlite3 in the data folder).",
    )
    redis_url: str = Field(
        "", description="Redis or Valkey for presence: redis://… (default: in memory, one process)."
    )
    api_key: str = Field(
        "", description="LiveKit API key (default: made once, kept in the data folder)."
    )
    api_secret: str = Field(
        "",
        description="LiveKit API secret, 32 characters or more "
        "(default: made once, kept in the data folder).",
    )
    secret_key: str = Field(
        "",
        description="Key that signs cookies, 32 characters or more "
        "(default: made once, kept in the data folder).",
    )
    vapid_key: str = Field(
        "",
        description="Private key that signs web notifications, P-256 in base64url "
        "(default: made once, kept in the data folder).",
    )
    push_services: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Comma-separated origins of push services in your own network, such as "
        "https://push.example.lan:8443; any other must be on the public internet.",
    )
    push_authorities: Path | None = Field(
        None,
        description="File of the certificate authorities (PEM) that those push services have "
        "(default: the system's).",
    )
    turn_urls: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Comma-separated turn: and turns: addresses of a coturn that browsers may "
        "relay through.",
    )
    turn_secret: str = Field(
        "", description="The static-auth-secret of that coturn, from which credentials are made."
    )
    smtp_url: str = Field(
        "",
        description="Mail server: smtp://user:password@host:587 (STARTTLS) or smtps://… (default: "
        "letters are kept and shown at /courrier, to this machine only).",
    )
    mail_from: str = Field(
        "", description="Who letters come from, such as Moulin <moulin@example.org>."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least serious thing to log: debug, info, warning or error."
    )
    log_format: Literal["console", "json"] = Field(
        "console", description="How a log line looks: console or json."
    )
    privacy_officer: str = Field(
        "",
        description="Who answers for personal information: name and address (privacy page).",
    )
    trusted_proxies: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Comma-separated addresses or networks of the proxies whose X-Forwarded-For "
        "is believed.",
    )
    demo_community: bool = Field(
        True, description="Create the demo community « Les Pigistes » when the database is empty."
    )
    limits: Limits = Field(
        default_factory=Limits,
        description="Caps of rooms/limits.py, each as MOULIN_LIMITS__NAME, "
        "for example MOULIN_LIMITS__PEERS=500.",
    )

    @field_validator(
        "rtc_addresses", "push_services", "turn_urls", "trusted_proxies", mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("rtc_addresses")
    @classmethod
    def _addresses(cls, value: list[str]) -> list[str]:
        for address in value:
            for part in address.split("=", maxsplit=1):
                ipaddress.ip_address(part)
        return value

    @field_validator("turn_urls")
    @classmethod
    def _relays(cls, value: list[str]) -> list[str]:
        if not all(url.startswith(("turn:", "turns:")) for url in value):
            raise ValueError("must look like turn:relay.example.org:3478")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        return [str(ipaddress.ip_network(network, strict=False)) for network in value]

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("must look like https://moulin.example.org")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("must be a bare address, without a path")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        schemes = ("postgresql://", "postgres://", "postgresql+asyncpg://", "sqlite+aiosqlite://")
        if value and not value.startswith((*schemes, "sqlite://")):
            raise ValueError("must start with postgresql:// or sqlite://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: str) -> str:
        if value:
            smtp_server(value)
        return value

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, value: str) -> str:
        if value:
            sender_address(value)
        return value

    @field_validator("api_secret", "secret_key")
    @classmethod
    def _long_enough(cls, value: str) -> str:
        if value and len(value) < 32:
            raise ValueError("must be at least 32 characters")
        return value

    @field_validator("vapid_key")
    @classmethod
    def _vapid(cls, value: str) -> str:
        if value:
            Vapid(value, "")
        return value

    @field_validator("push_services")
    @classmethod
    def _push_origins(cls, value: list[str]) -> list[str]:
        origins = [origin_of(each) for each in value]
        for each, origin in zip(value, origins, strict=True):
            if not origin.startswith("https://") or each.rstrip("/").lower() != origin:
                raise ValueError("must look like https://push.example.lan:8443")
        return origins

    @field_validator("push_authorities")
    @classmethod
    def _authorities(cls, value: Path | None) -> Path | None:
        try:
            OwnServices(authorities=value).tls()
        except OSError as error:
            raise ValueError(f"cannot use {value}: {error.strerror or error}") from None
        return value

    @field_validator("limits")
    @classmethod
    def _above_zero(cls, value: Limits) -> Limits:
        for cap in fields(value):
            if getattr(value, cap.name) <= 0:
                raise ValueError(f"{cap.name} must be above zero")
        return value

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if bool(self.api_key) != bool(self.api_secret):
            raise ValueError(
                "MOULIN_API_KEY and MOULIN_API_SECRET go together: set both or neither"
            )
        if self.smtp_url and not self.mail_from:
            raise ValueError("MOULIN_SMTP_URL needs MOULIN_MAIL_FROM")
        if self.turn_urls and not self.turn_secret:
            raise ValueError("MOULIN_TURN_URLS needs MOULIN_TURN_SECRET")
        return self

    @property
    def address(self) -> str:
        """The public address, never with a final slash."""
        return self.public_url or f"http://localhost:{self.http_port}"

    @property
    def is_secure(self) -> bool:
        """Whether people come by https, so that cookies may be marked Secure."""
        return self.address.startswith("https://")

    @property
    def media_addresses(self) -> list[str]:
        """The addresses to bind and advertise for media: those set, else a sensible guess."""
        if self.rtc_addresses:
            return list(self.rtc_addresses)
        if urlsplit(self.address).hostname in LOCAL_HOSTS:
            return ["127.0.0.1"]
        return machine_addresses() or ["127.0.0.1"]

    @property
    def database(self) -> str:
        """The database's URL with the asynchronous driver's name in it."""
        url = self.database_url
        if not url:
            return f"sqlite+aiosqlite:///{self.data_dir / 'moulin.sqlite3'}"
        for scheme in ("postgresql://", "postgres://"):
            if url.startswith(scheme):
                return "postgresql+asyncpg://" + url.removeprefix(scheme)
        if url.startswith("sqlite://"):
            return "sqlite+aiosqlite://" + url.removeprefix("sqlite://")
        return url


def machine_addresses() -> list[str]:
    """This machine's addresses that others may reach: neither loopback nor link-local."""
    found = []
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            text = ip.ip if isinstance(ip.ip, str) else ip.ip[0]
            address = ipaddress.ip_address(text.partition("%")[0])
            if not (address.is_loopback or address.is_link_local or address.is_unspecified):
                found.append(str(address))
    return found


def load_settings(**overrides: object) -> Settings:
    """Read the environment and the kept secrets; raises BadSettings with one line to show."""
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        raise BadSettings(_first_error(error)) from None
    except SettingsError:  # only MOULIN_LIMITS is read before any validation
        raise BadSettings("MOULIN_LIMITS: must be JSON, or use MOULIN_LIMITS__NAME") from None
    return with_secrets(settings)


def with_secrets(settings: Settings) -> Settings:
    """Fill the keys and secrets that are not set from files made once, mode 0600."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = {}
        if not settings.api_key:
            made["api_key"] = _kept(settings.data_dir / "api_key", "MOULIN" + secrets.token_hex(6))
            made["api_secret"] = _kept(settings.data_dir / "api_secret", secrets.token_urlsafe(32))
        if not settings.secret_key:
            made["secret_key"] = _kept(settings.data_dir / "secret_key", secrets.token_urlsafe(32))
        if not settings.vapid_key:
            made["vapid_key"] = _kept(settings.data_dir / "vapid_key", fresh_key())
    except OSError as error:
        raise BadSettings(
            f"MOULIN_DATA_DIR: cannot use {settings.data_dir}: {error.strerror}"
        ) from None
    return settings.model_copy(update=made)


def _kept(path: Path, fresh: str) -> str:
    """The text of `path`, which is created with `fresh` when absent; readable by its owner only."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept = path.read_text(encoding="ascii").strip()
        if not kept:
            raise BadSettings(
                f"MOULIN_DATA_DIR: {path} is empty; delete it to have it made again"
            ) from None
        return kept
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(fresh + "\n")
    return fresh


def _first_error(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    name = "__".join(str(part) for part in first["loc"]).upper()
    message = str(first["msg"]).removeprefix("Value error, ")
    return f"MOULIN_{name}: {message}" if name else message
