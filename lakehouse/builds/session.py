"""Several dbt commands in one process, which parse the project once."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakehouse.dbt import DBT_PROJECT_DIR, PROFILES_DIR, dbt_environment
from lakehouse.environment import replaced_environment
from lakehouse.errors import TableError
from lakehouse.secrets_file import store_login
from lakehouse.settings import Settings

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt_common.events.base_types import EventMsg

__all__ = ["DbtSession", "open_dbt"]


class DbtSession:
    """dbt against one target, with a folder for its artifacts that no other command writes to.

    Attributes:
        artifacts: folder with manifest.json, run_results.json and sources.json, each of the last
            command that wrote it.
        statements: unique id -> number of SQL statements that the last build sent for it; empty
            text for those of no node.
    """

    def __init__(
        self, settings: Settings, target: str, artifacts: Path, variables: str, log_format: str
    ) -> None:
        self.artifacts = artifacts
        self.statements: Counter[str] = Counter()
        self._log = settings.var_dir / "dbt" / "logs" / "dbt.log"
        self._common = ["--target", target, "--project-dir", str(DBT_PROJECT_DIR)]
        self._common += ["--profiles-dir", str(PROFILES_DIR), "--target-path", str(artifacts)]
        self._common += ["--vars", variables, "--log-format-file", log_format]
        # Commands that have nothing to do with dbt need not wait until it is imported.
        from dbt.cli.main import dbtRunner

        self._runner = dbtRunner()
        parsed = self._invoke(["parse"], is_quiet=True)
        manifest = self._result(parsed, "parse")
        self._runner = dbtRunner(manifest=manifest, callbacks=[self._count_statement])

    def select(
        self, selection: Sequence[str], state: Path | None = None, *, is_exact: bool = False
    ) -> frozenset[str]:
        """Unique ids of what a selection takes, of every resource type.

        Args:
            selection: as after ``--select``; the parts are united.
            state: folder of earlier artifacts, for the methods ``state``, ``result`` and
                ``source_status``.
            is_exact: leave out tests that are taken only because of what they test.

        Raises:
            TableError: dbt does not understand the selection or the state.
        """
        arguments = [
            "list",
            "--select",
            *selection,
            "--output",
            "json",
            "--output-keys",
            "unique_id",
        ]
        if is_exact:
            arguments += ["--indirect-selection", "empty"]
        listed = self._invoke(arguments + _state(state), is_quiet=True)
        return frozenset(json.loads(line)["unique_id"] for line in self._result(listed, "list"))

    def freshness(self, sources: Sequence[str]) -> None:
        """Ask sources when they were last written to, and write sources.json.

        What it says of stale sources is left to the reader of that file.

        Raises:
            TableError: dbt ended without asking.
        """
        answers = self.artifacts / "sources.json"
        answers.unlink(missing_ok=True)
        done = self._invoke(["source", "freshness", "--select", *sources], is_quiet=True)
        if not answers.exists():
            self._result(done, "source freshness")

    def relations(self, schemas: Iterable[str]) -> frozenset[str]:
        """Tables and views that the server knows in some schemas, as ``schema.name``.

        Those that the command before has listed already are not listed again.
        """
        from dbt.adapters.factory import get_adapter_by_type

        adapter = get_adapter_by_type("spark")
        with adapter.connection_named("relations"):
            return frozenset(
                f"{relation.schema}.{relation.identifier}"
                for schema in schemas
                for relation in adapter.list_relations(None, schema)
            )

    def build(self, arguments: Sequence[str], state: Path | None = None) -> bool:
        """Run ``dbt build`` and write manifest.json and run_results.json.

        Returns:
            Whether every node and every test went well.

        Raises:
            TableError: dbt ended before it ran anything.
        """
        (self.artifacts / "run_results.json").unlink(missing_ok=True)
        self.statements.clear()
        done = self._invoke(["build", *arguments, *_state(state)])
        if not (self.artifacts / "run_results.json").exists():
            self._result(done, "build")
        return done.success

    def run_operation(self, macro: str) -> None:
        """Run a macro of the project.

        Raises:
            TableError: it failed.
        """
        done = self._invoke(["run-operation", macro], is_quiet=True)
        if not done.success:
            raise TableError(
                f"The dbt macro {macro} failed; {self._log} holds the details. Mend the cause and "
                f"run `dbt run-operation {macro}` in dbt_project"
            )

    def _count_statement(self, event: "EventMsg") -> None:
        if event.info.name == "SQLQuery":
            self.statements[event.data.node_info.unique_id] += 1

    def _invoke(self, arguments: list[str], *, is_quiet: bool = False) -> "dbtRunnerResult":
        quiet = ["--quiet", "--log-level", "none"] if is_quiet else []
        done = self._runner.invoke([*quiet, *arguments, *self._common])
        if isinstance(done.exception, KeyboardInterrupt):
            raise done.exception
        return done

    def _result(self, done: "dbtRunnerResult", command: str) -> Any:
        if done.result is None:
            reason = " ".join(str(done.exception).split())
            raise TableError(
                f"dbt {command} failed: {reason}. Mend that and run the command again; "
                f"{self._log} holds the details"
            ) from done.exception
        return done.result


def _state(folder: Path | None) -> list[str]:
    return [] if folder is None else ["--state", str(folder)]


@contextmanager
def open_dbt(
    settings: Settings,
    target: str,
    artifacts: Path,
    variables: str = "{}",
    log_format: str = "text",
) -> Iterator[DbtSession]:
    """A session of dbt with the settings' server; this process has its environment meanwhile.

    Args:
        settings: the project's settings.
        target: an output of ``profiles/profiles.yml``.
        artifacts: folder for what dbt writes.
        variables: a YAML mapping, as after ``--vars``.
        log_format: of dbt's log file: text or json.

    Raises:
        TableError: the project cannot be parsed.
    """
    with replaced_environment(dbt_environment(settings) | store_login(settings)):
        yield DbtSession(settings, target, artifacts, variables, log_format)
