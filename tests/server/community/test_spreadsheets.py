"""Tables that a spreadsheet opens: escaped as it wants, and never computed."""

from __future__ import annotations

import csv
import io

import pytest

from server.community.spreadsheets import csv_of


@pytest.mark.parametrize(
    "wild",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "  =1",
        "\u00a0=1",
        "＝1",
        "\n=1",
        "|cmd",
        "%0",
    ],
)
def test_nothing_that_people_write_is_a_formula(wild: str) -> None:
    [row] = csv.reader(io.StringIO(csv_of([[wild]], "en").decode("utf-8-sig"), newline=""))
    assert row[0].startswith("'")


@pytest.mark.parametrize("plain", ["Ana", "a-b", "3 = 3", 'She said "no"', "a,b;c", "l’été\nla"])
def test_other_text_is_as_it_was_written(plain: str) -> None:
    [row] = csv.reader(
        io.StringIO(csv_of([[plain, 3, None]], "en").decode("utf-8-sig"), newline="")
    )
    assert row == [plain, "3", ""]


def test_each_language_has_its_separator_and_excel_its_mark() -> None:
    assert csv_of([["a", 1]], "fr") == "\ufeffa;1\r\n".encode()
    assert csv_of([["a", 1]], "en") == "\ufeffa,1\r\n".encode()
