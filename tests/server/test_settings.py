"""Settings: what the environment says, and one clear line when it cannot be."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from server.settings import BadSettings, Settings, load_settings

README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOULIN_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def test_nothing_needs_to_be_set() -> None:
    settings = load_settings()
    assert settings.address == "http://localhost:8080"
    assert settings.media_addresses == ["127.0.0.1"]
    assert settings.database.startswith("sqlite+aiosqlite:///")
    assert len(settings.api_secret) >= 32


def test_secrets_are_made_once_and_are_their_owners_alone(own_folder: Path) -> None:
    first, second = load_settings(), load_settings()
    assert (first.api_key, first.api_secret, first.secret_key) == (
        second.api_key,
        second.api_secret,
        second.secret_key,
    )
    for name in ("api_key", "api_secret", "secret_key"):
        assert stat.S_IMODE((own_folder / name).stat().st_mode) == 0o600


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOULIN_PUBLIC_URL", "https://moulin.example.org/")
    monkeypatch.setenv("MOULIN_RTC_ADDRESSES", "192.0.2.1, 2001:db8::1")
    monkeypatch.setenv("MOULIN_DATABASE_URL", "postgresql://moulin@db/moulin")
    monkeypatch.setenv("MOULIN_PUSH_SERVICES", "https://Push.lan:8443/, https://10.0.0.5")
    monkeypatch.setenv("MOULIN_LIMITS__PARTICIPANTS_PER_ROOM", "12")
    settings = load_settings()
    assert settings.address == "https://moulin.example.org"
    assert settings.is_secure
    assert settings.media_addresses == ["192.0.2.1", "2001:db8::1"]
    assert settings.database == "postgresql+asyncpg://moulin@db/moulin"
    assert settings.push_services == ["https://push.lan:8443", "https://10.0.0.5"]
    assert settings.limits.participants_per_room == 12


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PORT", "eight"),
        ("HTTP_PORT", "70000"),
        ("RTC_UDP_PORT", "0"),
        ("PUBLIC_URL", "moulin.example.org"),
        ("PUBLIC_URL", "https://moulin.example.org/chez-nous"),
        ("RTC_ADDRESSES", "moulin.example.org"),
        ("RTC_ADDRESSES", "10.0.0.5=moulin.example.org"),
        ("DATABASE_URL", "mysql://localhost/moulin"),
        ("REDIS_URL", "localhost:6379"),
        ("API_SECRET", "short"),
        ("SECRET_KEY", "short"),
        ("LOG_LEVEL", "loud"),
        ("TRUSTED_PROXIES", "caddy"),
        ("TURN_URLS", "relay.example.org"),
        ("TURN_URLS", "turn:relay.example.org"),
        ("PUSH_SERVICES", "push.lan"),
        ("PUSH_SERVICES", "http://push.lan"),
        ("PUSH_SERVICES", "https://push.lan/wpush"),
        ("PUSH_SERVICES", "https://me@push.lan"),
        ("PUSH_SERVICES", "https://push.lan:99999"),
        ("PUSH_AUTHORITIES", "/nowhere/ca.pem"),
        ("PUSH_AUTHORITIES", __file__),
        ("LIMITS__PEERS", "many"),
        ("LIMITS__PEERS", "0"),
        ("LIMITS__PEEERS", "3"),
        ("LIMITS", "not json"),
    ],
)
def test_a_bad_value_is_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"MOULIN_{name}", value)
    with pytest.raises(BadSettings) as refused:
        load_settings()
    line = str(refused.value)
    assert "\n" not in line
    assert f"MOULIN_{name.partition('__')[0]}" in line


def test_a_key_needs_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOULIN_API_KEY", "moulin")
    with pytest.raises(BadSettings, match="MOULIN_API_SECRET"):
        load_settings()


def test_a_secret_is_never_in_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOULIN_SECRET_KEY", "my-secret")
    with pytest.raises(BadSettings) as refused:
        load_settings()
    assert "my-secret" not in str(refused.value)


def test_a_data_folder_that_cannot_be_made_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MOULIN_DATA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(BadSettings, match="MOULIN_DATA_DIR"):
        load_settings()


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_described(name: str) -> None:
    assert (Settings.model_fields[name].description or "").endswith(".")
