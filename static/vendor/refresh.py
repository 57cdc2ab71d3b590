"""Refreshes what the pages vendor (versions.json) with `npm pack`, keeping each licence beside it.

Run from anywhere: `python static/vendor/refresh.py`. Needs npm; icons.txt lists the icons used.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
FONTS = {
    "@fontsource-variable/inter": "inter",
    "@fontsource-variable/bricolage-grotesque": "bricolage-grotesque",
}
SUBSETS = ("latin", "latin-ext")


def fetch(package: str, version: str, into: Path) -> Path:
    """The unpacked folder of a published package."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is needed to refresh static/vendor")
    packed = subprocess.run(
        [npm, "pack", "--silent", f"{package}@{version}"],
        cwd=into,
        check=True,
        capture_output=True,
        text=True,
    )
    folder = into / re.sub(r"\W+", "-", package)
    with tarfile.open(into / packed.stdout.strip().splitlines()[-1]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def refresh_livekit(source: Path) -> None:
    """One ES module; its source map is not served, so the pointer to it goes."""
    target = HERE / "livekit-client"
    target.mkdir(exist_ok=True)
    text = (source / "dist/livekit-client.esm.mjs").read_text(encoding="utf-8")
    text = re.sub(r"\n//# sourceMappingURL=.*\s*$", "\n", text)
    (target / "livekit-client.esm.mjs").write_text(text, encoding="utf-8")
    shutil.copyfile(source / "LICENSE", target / "LICENSE")


def refresh_icons(source: Path) -> None:
    """One sprite of the icons named in icons.txt."""
    target = HERE / "lucide"
    target.mkdir(exist_ok=True)
    symbols = []
    for name in (HERE / "icons.txt").read_text(encoding="utf-8").split():
        text = (source / "icons" / f"{name}.svg").read_text(encoding="utf-8")
        inner = re.search(r"<svg[^>]*>(.*)</svg>", text, re.DOTALL)
        if inner is None:
            raise SystemExit(f"{name}.svg is not an icon")
        body = re.sub(r"\s*\n\s*", "", inner.group(1))
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>')
    sprite = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    (target / "icons.svg").write_text(sprite, encoding="utf-8")
    shutil.copyfile(source / "LICENSE", target / "LICENSE")


def refresh_font(source: Path, name: str) -> None:
    """The upright variable font, in the subsets French and English need."""
    target = HERE / name
    target.mkdir(exist_ok=True)
    for subset in SUBSETS:
        file = f"{name}-{subset}-wght-normal.woff2"
        shutil.copyfile(source / "files" / file, target / file)
    shutil.copyfile(source / "LICENSE", target / "LICENSE")


def main() -> None:
    """Fetches every package at its pinned version."""
    versions: dict[str, str] = json.loads((HERE / "versions.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        for package, version in versions.items():
            source = fetch(package, version, Path(folder))
            if package == "livekit-client":
                refresh_livekit(source)
            elif package == "lucide-static":
                refresh_icons(source)
            else:
                refresh_font(source, FONTS[package])


if __name__ == "__main__":
    main()
