"""One house front at dusk, as templates/_facade.html draws it: roof, windows, sign, shop, door."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw

from server.cards.card import Front
from server.cards.lettering import DISPLAY, broken, drawable, font

WIDTH, HEIGHT = 240, 424
"""Units of one front; everything below is in them."""

WALLS = ("#c3a68b", "#a8705c", "#98a08c", "#b4937a")
ROOFS = ("#37505a", "#44434f", "#6c392f", "#2f4849")
LEAVES = ("#0e7c7b", "#b5482f", "#5b7f4b", "#35506e")
STONE, BASE, PANE, LIT = "#d5bfa4", "#2b373b", "#54657a", "#f6b455"
GLASS, INSIDE, SITTER, CHIMNEY = "#b48a57", "#5c4a34", "#5d3f1c", "#85503f"
_RANKS = (5, 2, 8, 10, 0, 6, 3, 11, 7, 1, 9, 4)
_AWAKE = (5, 4, 6, 3)
"""How many windows are lit: always the same, for a picture kept for weeks tells no count."""


class Brush:
    """Draws in the units of one front, placed and scaled on the picture."""

    def __init__(self, image: Image.Image, left: float, top: float, scale: float) -> None:
        self.draw = ImageDraw.Draw(image)
        self._image, self._left, self._top, self._scale = image, left, top, scale

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the front is on the picture."""
        return self._left + x * self._scale, self._top + y * self._scale

    def box(self, x: float, y: float, width: float, height: float, fill: str) -> None:
        """A filled rectangle."""
        right, bottom = self.at(x + width, y + height)
        self.draw.rectangle((*self.at(x, y), right - 1, bottom - 1), fill=fill)

    def arch(self, x: float, y: float, width: float, height: float, fill: str) -> None:
        """A rectangle with a round top."""
        radius = width / 2
        self.disc(x + radius, y + radius, radius, fill)
        self.box(x, y + radius, width, height - radius, fill)

    def disc(self, x: float, y: float, radius: float, fill: str) -> None:
        """A filled circle."""
        first, last = self.at(x - radius, y - radius), self.at(x + radius, y + radius)
        self.draw.ellipse((*first, *last), fill=fill)

    def shape(self, *points: tuple[float, float], fill: str) -> None:
        """A filled polygon."""
        self.draw.polygon([self.at(*point) for point in points], fill=fill)

    def line(self, *points: tuple[float, float], fill: str, width: float) -> None:
        """A line of that width."""
        places = [self.at(*point) for point in points]
        self.draw.line(places, fill=fill, width=max(1, round(width * self._scale)))

    def glow(self, x: float, y: float, radius: float, strength: int) -> None:
        """A lamp's light around a point; `strength` 0 to 255 at its heart."""
        fading = _fading(max(2, round(2 * radius * self._scale)), strength)
        left, top = self.at(x - radius, y - radius)
        self._image.paste("#f2a541", (round(left), round(top)), fading)

    def sign(self, text: str, x: float, y: float, width: float) -> None:
        """A name in the middle of a sign."""
        face = font(DISPLAY, round(14 * self._scale))
        lines = broken(drawable(text, face), face, width * self._scale, 1)
        if lines:
            self.draw.text(self.at(x, y), lines[0], font=face, fill="#fff7e6", anchor="mm")


def draw_front(brush: Brush, front: Front | None, index: int) -> None:
    """One front; `index` chooses its colours and who is awake. None: a house without a sign."""
    leaf = LEAVES[index % 4]
    _roof(brush, index)
    brush.box(0, 129, 240, 295, WALLS[index % 4])
    for row in range(3):
        for column in range(4):
            rank = row * 4 + column
            is_lit = _RANKS[rank] < _AWAKE[index % 4]
            _window(brush, 22 + column * 54.667, 144 + row * 56, is_lit=is_lit, sitter=rank + index)
    brush.box(0, 312, 240, 112, BASE)
    brush.box(12, 306, 216, 20, _darker(leaf))
    if front is not None:
        brush.sign(front.sign, 120, 316, 204)
    _shop(brush, front.kind if front else "open_space", leaf)
    _door(brush, leaf)


def _roof(brush: Brush, index: int) -> None:
    roof = ROOFS[index % 4]
    chimney = 184 if index % 2 == 0 else 30
    brush.box(chimney, 8, 26, 44, CHIMNEY)
    brush.box(chimney - 4, 4, 34, 8, CHIMNEY)
    brush.shape((0, 122), (10, 44), (230, 44), (240, 122), fill=roof)
    for top, foot in ((34, 28), (62, 58), (178, 182), (206, 212)):
        brush.line((top, 44), (foot, 122), fill=_lighter(roof), width=1.5)
    brush.box(4, 36, 232, 9, STONE)
    brush.arch(92, 50, 56, 72, STONE)
    brush.arch(99, 58, 42, 60, PANE)
    brush.box(-2, 120, 244, 9, STONE)


def _window(brush: Brush, x: float, y: float, *, is_lit: bool, sitter: int) -> None:
    if is_lit:
        brush.glow(x + 16, y + 22, 38, 120)
    brush.box(x - 3, y - 5, 38, 5, STONE)
    brush.box(x, y, 32, 44, LIT if is_lit else PANE)
    if is_lit:
        lean = (0, -3, 3, 0)[sitter % 4]
        brush.disc(x + 16 + lean, y + 24, 6, SITTER)
        brush.shape(
            (x + 4 + lean, y + 44), (x + 7 + lean, y + 35), (x + 16 + lean, y + 31),
            (x + 25 + lean, y + 35), (x + 28 + lean, y + 44), fill=SITTER,
        )  # fmt: skip
    for a, b in (((0, 0), (32, 0)), ((16, 0), (16, 44)), ((0, 15), (32, 15))):
        brush.line((x + a[0], y + a[1]), (x + b[0], y + b[1]), fill=STONE, width=2.2)
    brush.line((x, y), (x, y + 44), fill=STONE, width=2.2)
    brush.line((x + 32, y), (x + 32, y + 44), fill=STONE, width=2.2)
    brush.box(x - 3, y + 44, 38, 4, STONE)


def _shop(brush: Brush, kind: str, leaf: str) -> None:
    for x in (18, 160):
        if kind == "focus":
            brush.arch(x + 4, 344, 56, 56, STONE)
            brush.arch(x + 6.5, 347, 51, 49, GLASS)
            brush.box(x + 15, 382, 34, 14, INSIDE)
            brush.box(x + 27, 371, 9, 12, INSIDE)
        else:
            brush.box(x - 2.5, 340, 67, 60, STONE)
            brush.box(x, 343, 62, 54, GLASS)
            brush.box(x + 8, 385, 46, 12, INSIDE)
            brush.box(x + 22, 373, 16, 13, INSIDE)
        brush.line((x + 31, 346), (x + 31, 397), fill=STONE, width=1.5)
    if kind == "cafe":
        for stripe in range(8):
            cloth = "#cabfae" if stripe % 2 else leaf
            foot = 2 + stripe * 29.5
            top = 8 + stripe * 28
            brush.shape((top, 326), (top + 28, 326), (foot + 29.5, 347), (foot, 347), fill=cloth)
            brush.disc(foot + 14.75, 347, 9, cloth)
    else:
        brush.box(8, 326, 224, 6, STONE)


def _door(brush: Brush, leaf: str) -> None:
    for x in (84, 156):
        brush.glow(x, 362, 26, 190)
        brush.box(x - 4, 356, 8, 12, "#ffd58c")
    brush.arch(88, 332, 64, 92, STONE)
    brush.arch(94, 338, 52, 86, "#f9c876")
    brush.line((94, 364), (146, 364), fill=STONE, width=2)
    brush.line((120, 339), (120, 364), fill=STONE, width=1.5)
    brush.box(94, 366, 28, 58, leaf)
    for y, height in ((372, 20), (398, 20)):
        brush.box(98, y, 8, height, _darker(leaf))
        brush.box(110, y, 8, height, _darker(leaf))
    brush.disc(117, 395, 2.4, "#f0cf8e")


@lru_cache(maxsize=32)
def _fading(size: int, strength: int) -> Image.Image:
    """A round light that fades outwards."""
    gradient = Image.radial_gradient("L").resize((size, size))
    return gradient.point([max(0, strength - value * strength // 180) for value in range(256)])


def _mixed(colour: str, other: int, share: float) -> str:
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part * (1 - share) + other * share):02x}" for part in parts)


def _darker(colour: str) -> str:
    return _mixed(colour, 0, 0.24)


def _lighter(colour: str) -> str:
    return _mixed(colour, 255, 0.12)
