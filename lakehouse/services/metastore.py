"""PostgreSQL for the metastore, on this machine, with the schema made before anyone uses it."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from lakehouse.environment import Group, inherited
from lakehouse.errors import ServiceError
from lakehouse.java import find_java
from lakehouse.secrets_file import METASTORE_PASSWORD, read_secrets
from lakehouse.services.cluster import HOST, Ports
from lakehouse.services.kafka import properties_text
from lakehouse.settings import Settings, settings
from lakehouse.spark import SPARK_HOME

__all__ = ["DATABASE", "answers", "main", "schema_properties"]

DATABASE = "metastore"
# PostgreSQL refuses to run as root; Debian's package brings this one.
_USER = "postgres"
_INSTALL = "sudo apt-get install -y postgresql"


def answers(settings: Settings) -> bool:
    """Whether the server takes the login and the schema's tables are there."""
    try:
        asked = _run(settings, "psql", "-tAc", 'select count(*) from "TBLS"', "-d", DATABASE)
    except ServiceError:
        return False
    return asked.returncode == 0


def _program(name: str) -> str:
    """Path of one of PostgreSQL's programs, the newest version's.

    Raises:
        ServiceError: it is not installed.
    """
    found = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"),
        key=lambda path: float(path.parent.parent.name),
    )
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        raise ServiceError(f"PostgreSQL is missing on this machine ({name}). Run: {_INSTALL}")
    return path


def _identity() -> dict[str, str | int]:
    """Whom the server runs as, as arguments of ``subprocess``; this user, unless it is root."""
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam(_USER)
    except KeyError:
        raise ServiceError(
            f"PostgreSQL does not run as root, and there is no user {_USER}. Run: {_INSTALL}"
        ) from None
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _run(
    settings: Settings, program: str, *arguments: str, is_client: bool = True
) -> subprocess.CompletedProcess[str]:
    environment = inherited(os.environ, [Group.SYSTEM])
    where = []
    if is_client:
        environment["PGPASSWORD"] = read_secrets(settings).get(METASTORE_PASSWORD, "")
        environment["PGCONNECT_TIMEOUT"] = "5"
        where = ["-h", HOST, "-p", str(Ports.of(settings).metastore), "-U", settings.metastore_user]
    return subprocess.run(
        [_program(program), *where, *arguments],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        **({} if is_client else _identity()),
    )


def _checked(done: subprocess.CompletedProcess[str], what: str) -> None:
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise ServiceError(
            f"Metastore: {what} failed ({' '.join(said)[:300]}). Run `make down`, then the command "
            "again"
        )


def _prepare(settings: Settings) -> Path:
    """Make the server's folder and the schema on the first start; returns the folder."""
    home = settings.var_dir / "cluster" / "metastore"
    data, done = home / "data", home / "schema.done"
    if done.exists():
        return data
    # What an earlier first start left half done.
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True, mode=0o700)
    identity = _identity()
    if identity:
        _check_reachable(home)
        os.chown(home, identity["user"], identity["group"])
    _init(settings, home, data, identity)
    server = f"-p {Ports.of(settings).metastore} -h {HOST} -k ''"
    log = str(home / "first-start.log")
    started = _run(
        settings, "pg_ctl", "-D", str(data), "-l", log, "-o", server, "-w", "start", is_client=False
    )
    _checked(started, f"the first start (see {log})")
    try:
        _checked(_run(settings, "createdb", DATABASE), "createdb")
        _make_schema(settings)
    finally:
        _run(settings, "pg_ctl", "-D", str(data), "-m", "fast", "-w", "stop", is_client=False)
    done.touch()
    return data


def _check_reachable(home: Path) -> None:
    """Refuse a folder that the server's user cannot come to."""
    for folder in home.parents:
        if not folder.stat().st_mode & 0o001:
            raise ServiceError(
                f"Metastore: user {_USER} cannot enter {folder}, and PostgreSQL does not run as "
                "root. Set LAKEHOUSE_VAR_DIR to a folder that others can enter"
            )


def _init(settings: Settings, home: Path, data: Path, identity: dict[str, str | int]) -> None:
    secret = home / "password"
    with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(read_secrets(settings)[METASTORE_PASSWORD])
    if identity:
        os.chown(secret, identity["user"], identity["group"])
    made = _run(
        settings, "initdb", "-D", str(data), "-U", settings.metastore_user, "--auth=scram-sha-256",
        f"--pwfile={secret}", "-E", "UTF8", "--locale=C", is_client=False,
    )  # fmt: skip
    secret.unlink()
    _checked(made, "initdb")


def schema_properties(settings: Settings, url: str, password: str) -> dict[str, str]:
    """What the tool that makes the tables needs to know of the database."""
    return {
        "javax.jdo.PersistenceManagerFactoryClass": (
            "org.datanucleus.api.jdo.JDOPersistenceManagerFactory"
        ),
        "javax.jdo.option.ConnectionURL": url,
        "javax.jdo.option.ConnectionDriverName": "org.postgresql.Driver",
        "javax.jdo.option.ConnectionUserName": settings.metastore_user,
        "javax.jdo.option.ConnectionPassword": password,
        "datanucleus.schema.autoCreateAll": "true",
        "datanucleus.identifierFactory": "datanucleus1",
        "datanucleus.schema.validateTables": "false",
        "datanucleus.schema.validateColumns": "false",
        "datanucleus.schema.validateConstraints": "false",
        "datanucleus.rdbms.useLegacyNativeValueStrategy": "true",
        "datanucleus.autoStartMechanismMode": "ignored",
    }


def _make_schema(settings: Settings) -> None:
    """Make all tables at once, with the tool that the metastore's own library brings.

    At the first statement that needs them it would wait for ever, see
    ``lakehouse.spark_cluster.metastore_conf``.
    """
    url = f"jdbc:postgresql://{HOST}:{Ports.of(settings).metastore}/{DATABASE}"
    properties = schema_properties(settings, url, read_secrets(settings)[METASTORE_PASSWORD])
    jars = SPARK_HOME / "jars"
    # For this user alone, as all that ``mkdtemp`` makes.
    with tempfile.TemporaryDirectory(dir=settings.var_dir / "tmp") as folder:
        file = Path(folder) / "schema.properties"
        file.write_text(properties_text(properties))
        with zipfile.ZipFile(next(jars.glob("hive-metastore-*.jar"))) as jar:
            jar.extract("package.jdo", folder)
        made = subprocess.run(
            [
                str(find_java()), "-cp", f"{jars}/*:{settings.var_dir}/cluster-jars/metastore/*",
                "org.datanucleus.store.schema.SchemaTool", "-create", "-api", "JDO",
                "-props", str(file), "package.jdo",
            ],
            cwd=folder,
            env=inherited(os.environ, [Group.SYSTEM]),
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
    _checked(made, "making its tables")


def main() -> None:
    """Become the server; the supervisor starts this module and owns the process."""
    chosen = settings()
    try:
        data = _prepare(chosen)
    except ServiceError as error:
        sys.exit(f"Error: {error}")
    identity = _identity()
    port = str(Ports.of(chosen).metastore)
    if identity:
        os.setgroups([])
        os.setgid(identity["group"])
        os.setuid(identity["user"])
    os.chdir("/")
    command = [
        _program("postgres"), "-D", str(data), "-p", port, "-h", HOST, "-k", "",
        "-c", "shared_buffers=64MB", "-c", "max_connections=60",
    ]  # fmt: skip
    # It needs no secret: it knows the password's hash.
    os.execve(command[0], command, inherited(os.environ, [Group.SYSTEM]))  # noqa: S606


if __name__ == "__main__":
    main()
