"""The documents tell the truth: settings, commands, modules, and what a server is started with."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.settings import Settings
from tests.python_source import ROOT
from tests.settings_table import settings_table, written_table

README = (ROOT / "README.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])


def compose() -> dict[str, Any]:
    """docker-compose.yml, parsed."""
    parsed = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert isinstance(parsed, dict)
    return parsed


def test_every_setting_is_in_the_readme_as_it_is() -> None:
    assert written_table(README) == settings_table(), "run `make readme`"


@pytest.mark.parametrize(
    "path",
    [
        *("README.md", "docs/operations.md", "docker-compose.yml", "Dockerfile"),
        *("deploy/moulin.service", "deploy/env.example"),
    ],
)
def test_only_real_settings_are_named(path: str) -> None:
    named = set(re.findall(r"MOULIN_([A-Z_]+)", (ROOT / path).read_text(encoding="utf-8")))
    known = {name.upper() for name in Settings.model_fields}
    assert {name for name in named if name.split("__")[0] not in known} == set()


def test_every_command_in_the_documents_exists() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "server", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    named = set(re.findall(r"python -m server ([a-z]+)", README + OPERATIONS))
    assert named
    assert {command for command in named if not re.search(rf"\b{command}\b", shown)} == set()


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README + OPERATIONS, re.MULTILINE))
    assert {"run", "test"} <= named
    assert named <= targets


def test_every_module_in_the_architecture_exists() -> None:
    named = re.findall(r"`(?:[a-z_]+/)*[a-z_0-9]+\.py`", ARCHITECTURE)
    files = {path.name for folder in ("server", "rooms", "tests") for path in python_files(folder)}
    assert named
    missing = [name for name in named if name.strip("`").split("/")[-1] not in files]
    assert missing == []


def test_links_between_documents_lead_somewhere() -> None:
    missing = []
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8")):
            if "://" not in target and not (document.parent / target).exists():
                missing.append(f"{document.name}: {target}")
    assert missing == []


def test_compose_starts_everything_a_server_needs() -> None:
    parsed = compose()
    assert {"app", "postgres", "redis", "caddy", "coturn"} <= set(parsed["services"])
    for name, service in parsed["services"].items():
        assert service.get("image") or service.get("build"), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            known = (ROOT / source).exists() if source.startswith(".") else source in named(parsed)
            assert known, f"{name}: {volume}"
        for published in service.get("ports", []):
            assert published.startswith("127.0.0.1:"), f"{name} publishes {published} to everybody"


def test_compose_variables_are_in_the_example() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{([A-Z_]+)", text))
    example = (ROOT / "deploy/env.example").read_text(encoding="utf-8")
    assert asked == set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))


def test_the_relay_reaches_no_private_network() -> None:
    text = (ROOT / "deploy/turnserver.conf").read_text(encoding="utf-8")
    assert "\nuse-auth-secret\n" in text
    for private in ("10.0.0.0-", "127.0.0.0-", "169.254.0.0-", "172.16.0.0-", "192.168.0.0-"):
        assert f"denied-peer-ip={private}" in text
    for private in ("::1", "fc00::-", "fe80::-"):
        assert f"denied-peer-ip={private}" in text


@pytest.mark.parametrize("port", ["7882", "7881", "443", "3478", "49160-49400"])
def test_ports_to_open_are_told(port: str) -> None:
    assert port in README
    assert port in OPERATIONS


def test_locks_name_no_registry_and_pin_by_hash() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert "--index-url" not in text
        for requirement in re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", text, re.M | re.S):
            assert "--hash=sha256:" in requirement, requirement
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text(encoding="utf-8")


def named(parsed: dict[str, Any]) -> set[str]:
    """The named volumes of a compose file."""
    return set(parsed["volumes"])


def python_files(folder: str) -> list[Path]:
    """Every Python file under a folder of the root."""
    return list((ROOT / folder).rglob("*.py"))
