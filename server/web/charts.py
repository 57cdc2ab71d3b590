"""Charts drawn by the server as SVG: where each bar and each cell stands, in a box 400 wide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

WIDTH, HEIGHT = 400, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 30, 4, 22, 24
_MOST_LABELS = 6
HEAT_LEVELS = 5
_HEAT_LEFT, _HEAT_TOP, _CELL, _ROW = 40, 18, 15, 20


@dataclass(frozen=True)
class Bar:
    """One bar, and a part of it from the bottom up; `label` is "" where there is no room."""

    x: float
    y: float
    width: float
    height: float
    part_y: float
    part_height: float
    middle: float
    label: str
    value: str
    told: str


@dataclass(frozen=True)
class BarChart:
    """Bars on their lines: `lines` are heights and what they say."""

    bars: list[Bar]
    lines: list[tuple[float, str]]
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    base: float = HEIGHT - _BOTTOM
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class Column:
    """What a bar shows: its `value`, of which `part`; `told` says it in words.

    `mark` stands after the value, for a note below the chart.
    """

    label: str
    value: int
    told: str
    part: int = 0
    mark: str = ""


@dataclass(frozen=True)
class HeatCell:
    """One hour of one weekday; `level` 0 (nobody) to HEAT_LEVELS."""

    x: int
    y: int
    level: int
    told: str


@dataclass(frozen=True)
class HeatChart:
    """A week by hours."""

    cells: list[HeatCell]
    rows: list[tuple[int, str]]
    hours: list[tuple[int, str]]
    cell: int = _CELL - 2
    row: int = _ROW - 2
    width: int = _HEAT_LEFT + 24 * _CELL
    height: int = _HEAT_TOP + 7 * _ROW


def bar_chart(columns: Sequence[Column]) -> BarChart:
    """Place the bars, from the left."""
    top = scale_top(max((each.value for each in columns), default=0))
    room = HEIGHT - _TOP - _BOTTOM
    step = (WIDTH - _LEFT - _RIGHT) / max(len(columns), 1)
    every = ceil(len(columns) / _MOST_LABELS)
    base = HEIGHT - _BOTTOM
    bars = []
    for index, each in enumerate(columns):
        width = min(step * 0.7, 44)
        height, part = room * each.value / top, room * each.part / top
        x = _LEFT + step * index + (step - width) / 2
        shown = (len(columns) - 1 - index) % every == 0
        bars.append(
            Bar(
                x=round(x, 1),
                y=round(base - height, 1),
                width=round(width, 1),
                height=round(height, 1),
                part_y=round(base - part, 1),
                part_height=round(part, 1),
                middle=round(x + width / 2, 1),
                label=each.label if shown else "",
                value=f"{each.value}{each.mark}" if each.value else "",
                told=each.told,
            )
        )
    lines = [(round(base - room * share, 1), _number(top * share)) for share in (0.0, 0.5, 1.0)]
    return BarChart(bars, lines)


def scale_top(largest: int) -> int:
    """The top of a scale: an even, round number not below `largest`."""
    for power in (1, 10, 100, 1000, 10_000, 100_000):
        for digit in (2, 3, 4, 5, 6, 8, 10):
            if digit * power >= largest and digit * power % 2 == 0:
                return digit * power
    return largest


def heat_chart(
    table: Sequence[Sequence[float]],
    names: Sequence[str],
    hours: Sequence[str],
    told: Sequence[Sequence[str]],
) -> HeatChart:
    """Place the hours of a week; `names` are those of the days, `hours` those of the 24 hours."""
    most = max((cell for row in table for cell in row), default=0.0)
    cells = [
        HeatCell(
            x=_HEAT_LEFT + hour * _CELL,
            y=_HEAT_TOP + day * _ROW,
            level=ceil(HEAT_LEVELS * value / most) if value > 0 else 0,
            told=told[day][hour],
        )
        for day, row in enumerate(table)
        for hour, value in enumerate(row)
    ]
    rows = [(_HEAT_TOP + day * _ROW + 13, name) for day, name in enumerate(names)]
    marks = [(_HEAT_LEFT + hour * _CELL + 6, hours[hour]) for hour in range(0, 24, 3)]
    return HeatChart(cells, rows, marks)


def _number(value: float) -> str:
    return str(int(value))
