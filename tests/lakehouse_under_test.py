"""What integration tests do with a lakehouse: land files, run dbt, ask SQL."""

from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from lakehouse.data.landing import LandingResult, land
from lakehouse.data.source import find_source
from lakehouse.data.synthetic import HEADER
from lakehouse.dbt import run_dbt
from lakehouse.services.thrift import connect
from lakehouse.settings import Settings
from lakehouse.tables import TableName, open_table


class LakehouseUnderTest:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def land(self, path: Path) -> LandingResult:
        return land(
            path,
            table_path=self.settings.table_path("bronze", "csv_purchases"),
            data_kind="synthetic",
        )

    def land_synthetic(self) -> LandingResult:
        return self.land(find_source(self.settings, raw_dir=Path("nowhere"), report=print).path)

    def land_lines(self, folder: Path, *lines: str, header: str = HEADER) -> LandingResult:
        """Land a file of these lines; the folder gives it its name."""
        path = folder / "purchases.csv"
        path.write_text("\n".join([header, *lines]) + "\n")
        return self.land(path)

    def dbt(self, *arguments: str, target: str = "prod", succeeds: bool = True) -> str:
        """Run dbt, check how it ended, and return what it printed."""
        done = run_dbt([*arguments, "--no-use-colors"], self.settings, target=target, capture=True)
        output = done.stdout + done.stderr
        assert (done.returncode == 0) == succeeds, output
        return output

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of a statement that the Thrift server runs."""
        with connect(self.settings) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def table(self, name: str, version: int | None = None) -> DeltaTable:
        return open_table(TableName.parse(name), self.settings, version)
