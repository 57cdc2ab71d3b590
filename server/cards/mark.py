"""The mark as the icons of an installed application, drawn from the shapes of static/img/icon.svg.

`python -m server.cards.mark` writes them to static/img; a test holds the files to what is drawn.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw

FOLDER = Path(__file__).resolve().parents[2] / "static" / "img"
RIVER, PAPER, LAMP, SHADE = "#0e7c7b", "#fbf7f0", "#f2a541", "#0a4f4e"
UNITS = 64
"""The side of icon.svg's view box, in which everything below is measured."""
_FINER = 8
_SHADE_SHARE = 0.35
_SAILS = ((16, 9), (48, 9), (16, 41), (48, 41))
_HUB = (32, 25)


class Icon(NamedTuple):
    """One file: its side in pixels, whether it fills the square, and how large the mark stands."""

    name: str
    pixels: int
    full: bool
    scale: float


ICONS = (
    Icon("icon-192.png", 192, full=False, scale=1),
    Icon("icon-512.png", 512, full=False, scale=1),
    # Launchers cut any shape out of it: the mark keeps to the middle 80% (W3C, maskable icons).
    Icon("icon-maskable-512.png", 512, full=True, scale=0.8),
    Icon("apple-touch-icon.png", 180, full=True, scale=0.9),  # iOS rounds the corners itself
)


def draw_icon(icon: Icon) -> Image.Image:
    """The picture of one icon."""
    side = icon.pixels * _FINER
    fine = Image.new("RGBA", (side, side), RIVER if icon.full else (0, 0, 0, 0))
    if not icon.full:
        radius = 15 * side / UNITS
        ImageDraw.Draw(fine).rounded_rectangle((0, 0, side - 1, side - 1), radius, fill=RIVER)
    _mill(fine, side / UNITS * icon.scale, side / 2 * (1 - icon.scale))
    small = fine.resize((icon.pixels, icon.pixels), Image.Resampling.LANCZOS)
    return small.convert("RGB") if icon.full else small


def _mill(image: Image.Image, scale: float, margin: float) -> None:
    """The tower, its door and its four sails."""
    draw = ImageDraw.Draw(image)

    def at(x: float, y: float) -> tuple[float, float]:
        return margin + x * scale, margin + y * scale

    def disc(x: float, y: float, radius: float, fill: str) -> None:
        draw.ellipse((*at(x - radius, y - radius), *at(x + radius, y + radius)), fill=fill)

    tower = [(24.5, 27), (39.5, 27), (44, 55), (43.4, 56.4), (42, 57), (22, 57), (20.6, 56.4)]
    draw.polygon([at(*point) for point in [*tower, (20, 55)]], fill=PAPER)
    disc(32, 47, 5, LAMP)
    draw.rectangle((*at(27, 47), *at(37, 57)), fill=LAMP)
    for sail in _SAILS:
        draw.line((*at(*_HUB), *at(*sail)), fill=PAPER, width=round(5 * scale))
        disc(*sail, 2.5, PAPER)
    shade = Image.new("L", image.size, 0)
    for sail in _SAILS:
        line = (*at(*_HUB), *at(*sail))
        ImageDraw.Draw(shade).line(line, fill=round(255 * _SHADE_SHARE), width=round(1.2 * scale))
    image.paste(SHADE, (0, 0), shade)
    disc(*_HUB, 4, LAMP)


def main() -> None:
    """Write every icon."""
    for icon in ICONS:
        draw_icon(icon).save(FOLDER / icon.name, optimize=True)


if __name__ == "__main__":
    main()
