"""What the page of figures receives; the manner is that of `views.py`."""

from __future__ import annotations

from dataclasses import dataclass

from server.web.charts import BarChart, HeatChart
from server.web.views import CommunityRef


@dataclass(frozen=True)
class TableView:
    """The numbers behind a chart, already written in the page's language."""

    head: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class FiguresView:
    """figures.html: who came, which hours live, newcomers who return; and the files to keep.

    `is_empty`: nobody came yet, nothing to draw. `summary` says the last week in words.
    """

    community: CommunityRef
    is_empty: bool
    summary: str
    weeks: BarChart
    weeks_table: TableView
    hours: HeatChart
    hours_table: TableView
    newcomers: BarChart
    newcomers_table: TableView
    file_url: str
    back_url: str
