"""`tollbridge cost`: the ledger as a table and as CSV."""

import asyncio
import csv
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.store.db import open_database
from bridge.store.ledger import Ledger
from budgets.model import Hold, Limit, Scope, Tokens, Window

SETTINGS = """
[users.1]
name = "Ada"
role = "owner"
timezone = "Europe/Copenhagen"
[users.2]
name = "Bo [x]"
role = "member"
timezone = "America/New_York"
[budgets.default]
day_usd = 1.00
"""
HEADER = "day,user,session,model,turns,usd"
ALWAYS = Window(
    Scope.USER_MONTH, datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
)
ADA, BO, GONE = 1, 2, 3


@dataclass(frozen=True)
class Request:
    """What was charged for one request; `cost` None = it was never settled."""

    at: str
    user: int
    session: str = "main"
    model: str = "claude-haiku-5-5"
    held: int = 500_000
    cost: int | None = 250_000
    turn: int = 1


@dataclass(frozen=True)
class House:
    """A folder with settings and a store."""

    folder: Path
    runner: CliRunner = field(default_factory=CliRunner)

    @property
    def store(self) -> Path:
        return self.folder / "store" / "tollbridge.db"

    @property
    def environ(self) -> dict[str, str]:
        return {
            "TOLLBRIDGE_SETTINGS": str(self.folder / "settings.toml"),
            "TOLLBRIDGE_STORE__URL": f"sqlite:///{self.store}",
            "COLUMNS": "120",
        }

    def cost(self, *options: str) -> Result:
        return self.runner.invoke(main, ["cost", *options], env=self.environ)

    def table(self, *options: str) -> list[list[str]]:
        """The cells of its lines."""
        text = self.cost("--since", "2026-01-01", *options).stdout.replace("┃", "│")
        lines = [line for line in text.splitlines() if line.startswith("│")]
        return [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines]

    def rows(self, *options: str) -> list[list[str]]:
        result = self.cost("--csv", "--since", "2026-01-01", *options)
        assert result.exit_code == 0, result.output
        header, *rows = csv.reader(result.stdout.splitlines())
        assert ",".join(header) == HEADER
        return rows


async def fill(house: House, requests: Iterable[Request]) -> None:
    async with open_database(f"sqlite:///{house.store}") as database:
        ledger = Ledger(database)
        for number, each in enumerate(requests):
            at = datetime.fromisoformat(each.at).replace(tzinfo=UTC)
            hold = Hold(str(number), each.turn, each.user, each.session, each.model, each.held, at)
            await ledger.hold(hold, [Limit(ALWAYS, 10**12)])
            if each.cost is not None:
                await ledger.settle(str(number), each.cost, Tokens())


@pytest.fixture
def empty(tmp_path: Path) -> House:
    """Nothing was ever spent here."""
    (tmp_path / "settings.toml").write_text(SETTINGS)
    return House(tmp_path)


@pytest.fixture
def house(empty: House) -> House:
    requests = [
        Request("2026-11-02T12:00", ADA),
        Request("2026-11-02T12:01", ADA, cost=10),
        Request("2026-11-02T12:02", ADA, model="claude-opus-5-5", cost=2_000_000),
        Request("2026-11-02T23:30", ADA, turn=2),  # the third, in Copenhagen
        Request("2026-11-03T01:00", BO, session="docs", turn=3),  # the second, in New York
        Request("2026-11-03T01:00", GONE, turn=4, cost=None),  # and a zone nobody knows
    ]
    asyncio.run(fill(empty, requests))
    return empty


class TestCsv:
    def test_each_row_is_one_day_user_session_and_model(self, house: House) -> None:
        assert house.rows() == [
            ["2026-11-02", "1", "main", "claude-haiku-5-5", "1", "0.250010"],
            ["2026-11-02", "1", "main", "claude-opus-5-5", "1", "2.000000"],
            ["2026-11-02", "2", "docs", "claude-haiku-5-5", "1", "0.250000"],
            ["2026-11-03", "1", "main", "claude-haiku-5-5", "1", "0.250000"],
            ["2026-11-03", "3", "main", "claude-haiku-5-5", "1", "0.500000"],
        ]

    def test_what_was_never_settled_counts_as_held(self, house: House) -> None:
        assert house.rows("--user", "3") == [
            ["2026-11-03", "3", "main", "claude-haiku-5-5", "1", "0.500000"]
        ]

    def test_one_user_only(self, house: House) -> None:
        assert {row[1] for row in house.rows("--user", "1")} == {"1"}

    def test_since_begins_at_midnight_of_each_user(self, house: House) -> None:
        rows = house.rows("--since", "2026-11-03")
        assert [row[:2] for row in rows] == [["2026-11-03", "1"], ["2026-11-03", "3"]]

    def test_before_anything_was_spent_there_is_the_header_alone(self, empty: House) -> None:
        result = empty.cost("--csv")
        assert (result.exit_code, result.stdout) == (0, f"{HEADER}\n")
        assert not empty.store.parent.exists()

    def test_a_reader_that_leaves_early_is_no_error_message(self, house: House) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(
            [sys.executable, "-m", "bridge", "cost", "--csv", "--since", "2026-01-01"],
            env=os.environ | house.environ,
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
        )
        os.close(writer)
        assert done.stderr == b""


class TestTable:
    def test_it_ends_with_the_sum_of_each_user_and_of_all(self, house: House) -> None:
        assert house.table()[-4:] == [
            ["3", "", "", "", "", "$0.50"],
            ["Ada (1)", "", "", "", "", "$2.50"],
            ["Bo [x] (2)", "", "", "", "", "$0.25"],
            ["everyone", "", "", "", "", "$3.25"],
        ]

    def test_of_one_user_the_sum_is_told_once(self, house: House) -> None:
        text = house.cost("--since", "2026-01-01", "--user", "1").stdout
        assert "everyone" not in text
        assert text.count("$2.50") == 1

    def test_rows_are_added_up_by_what_is_asked_for(self, house: House) -> None:
        header, *lines = house.table("--by", "model", "--by", "day")
        assert header == ["day", "model", "turns", "usd"]
        assert lines[:3] == [
            ["2026-11-02", "claude-haiku-5-5", "2", "$0.50"],
            ["2026-11-02", "claude-opus-5-5", "1", "$2.00"],
            ["2026-11-03", "claude-haiku-5-5", "2", "$0.75"],
        ]

    def test_turns_are_not_added_up_over_models(self, house: House) -> None:
        """Ada's first turn used two."""
        assert house.table("--by", "user") == [
            ["user", "usd"],
            ["3", "$0.50"],
            ["Ada (1)", "$2.50"],
            ["Bo [x] (2)", "$0.25"],
            ["everyone", "$3.25"],
        ]

    def test_nothing_spent_is_a_sentence(self, empty: House) -> None:
        result = empty.cost("--since", "2026-11-01")
        assert (result.exit_code, result.stdout) == (0, "Nothing was spent since 2026-11-01.\n")
        assert not empty.store.parent.exists()

    def test_without_a_date_it_is_this_month(self, empty: House) -> None:
        now = datetime.now(UTC)
        asyncio.run(fill(empty, [Request(f"{now:%Y-%m-%dT%H:%M}", ADA, cost=1_230_000)]))
        assert "$1.23" in empty.cost().stdout


class TestBadInput:
    @pytest.mark.parametrize("date", ["yesterday", "2026-13-01", "1.11.2026", ""])
    def test_a_date_that_is_none_is_wrong_usage(self, empty: House, date: str) -> None:
        result = empty.cost("--since", date)
        assert result.exit_code == 2
        assert "is no date; write it like 2026-11-01." in result.stderr

    @pytest.mark.parametrize("date", ["0001-01-01", "9999-12-31"])
    def test_a_date_far_away_is_none_the_less_one(self, house: House, date: str) -> None:
        assert house.cost("--since", date).exit_code == 0

    def test_an_unknown_user_is_a_sentence(self, house: House) -> None:
        result = house.cost("--user", "999", "--csv")
        assert result.exit_code == 1
        assert result.stderr.startswith("There is no user 999 in the settings")
        assert not result.stdout

    def test_a_known_user_who_spent_nothing_is_no_error(self, empty: House) -> None:
        assert empty.cost("--user", "2").exit_code == 0

    def test_a_damaged_store_is_a_sentence(self, empty: House) -> None:
        empty.store.parent.mkdir()
        empty.store.write_bytes(b"no database" * 999)
        result = empty.cost()
        assert result.exit_code == 1
        assert "damaged" in result.stderr
