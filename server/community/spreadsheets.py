"""Tables for spreadsheets: CSV (RFC 4180) in which nothing that people wrote is computed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
_MARK = "\ufeff"
"""So that Excel reads the file as UTF-8."""

Cell = str | int | None


def csv_of(rows: Iterable[Sequence[Cell]], lang: str) -> bytes:
    """The table as a file. A French spreadsheet takes semicolons, an English one commas."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";" if lang == "fr" else ",", lineterminator="\r\n")
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return (_MARK + written.getvalue()).encode()


def _safe(cell: Cell) -> str | int:
    """The cell as it is shown: text that a spreadsheet would take for a formula is quoted."""
    if cell is None:
        return ""
    if isinstance(cell, int):
        return cell
    text = cell.replace("\x00", "")
    return "'" + text if text.lstrip(" \u00a0").startswith(_FORMULA) else text
