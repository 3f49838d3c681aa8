"""Which purchases files are in use: the user's own, or a synthetic one that is made on demand."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lakehouse.data.landing import DataKind
from lakehouse.errors import SourceFileError
from lakehouse.settings import PROJECT_DIR, Settings

__all__ = ["KAGGLE_DATASET", "RAW_DIR", "Source", "fetch_published", "find_source", "find_sources"]

RAW_DIR = PROJECT_DIR / "data" / "raw"
KAGGLE_DATASET = "sdolezel/black-friday"
_FILE_NAMES = ("BlackFriday.csv", "BlackFriday.csv.gz")
# Of a folder; what else programs put beside the parts of a data set is passed over.
_ENDINGS = (".csv", ".csv.gz")


@dataclass(frozen=True)
class Source:
    """A purchases file and what it holds, 'real' or 'synthetic'."""

    path: Path
    data_kind: DataKind


def find_source(
    settings: Settings, *, raw_dir: Path = RAW_DIR, report: Callable[[str], None]
) -> Source:
    """The first of the purchases files, for who needs one only; see :func:`find_sources`."""
    return find_sources(settings, raw_dir=raw_dir, report=report)[0]


def find_sources(
    settings: Settings,
    *,
    raw_dir: Path = RAW_DIR,
    report: Callable[[str], None],
) -> list[Source]:
    """The purchases files to land: ``LAKEHOUSE_CSV``, else one in ``data/raw``, else synthetic.

    Args:
        settings: the project's settings.
        raw_dir: folder searched for ``BlackFriday.csv`` and ``BlackFriday.csv.gz``.
        report: called with a line that says what is in use and why.

    Raises:
        SourceFileError: ``LAKEHOUSE_CSV`` names no file, or no synthetic one could be made.
    """
    if settings.csv is not None:
        files = _named_files(settings.csv)
        shown = f"{len(files)} files of {settings.csv}" if len(files) > 1 else str(files[0])
        report(f"Data: REAL, {shown} (LAKEHOUSE_CSV)")
        return [Source(file, "real") for file in files]
    for name in _FILE_NAMES:
        if (raw_dir / name).is_file():
            report(f"Data: REAL, {raw_dir / name}")
            return [Source(raw_dir / name, "real")]
    name = f"synthetic-{settings.synthetic_rows}-rows-seed-{settings.seed}.csv.gz"
    path = settings.var_dir / "data" / name
    report(f"Data: SYNTHETIC, {path} (no LAKEHOUSE_CSV, and no BlackFriday.csv in {raw_dir})")
    if not path.exists():
        _make_synthetic(path, settings)
    return [Source(path, "synthetic")]


def _named_files(csv: Path) -> list[Path]:
    """The files that the setting names: one, those of a folder by name, or a list with colons."""
    if csv.exists() or os.pathsep not in str(csv):
        return _files_in(csv)
    parts = [PROJECT_DIR / Path(part).expanduser() for part in str(csv).split(os.pathsep) if part]
    return [file for part in parts for file in _files_in(part)]


def _files_in(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(
            file
            for file in path.iterdir()
            if file.name.endswith(_ENDINGS) and not file.name.startswith((".", "_"))
        )
        if not found:
            raise SourceFileError(
                f"LAKEHOUSE_CSV={path}: no {' and no '.join(_ENDINGS)} file in this folder. Name "
                "the folder that holds the files themselves"
            )
        return found
    if not path.is_file():
        raise SourceFileError(f"LAKEHOUSE_CSV={path}: there is no such file. Correct or unset it")
    return [path]


def _make_synthetic(path: Path, settings: Settings) -> None:
    """Have the simulator write the file: it imports from here, so here it is a program."""
    size = ("--rows", str(settings.synthetic_rows), "--seed", str(settings.seed))
    command = [sys.executable, "-m", "simulator", "purchases", str(path), *size]
    done = subprocess.run(command, cwd=PROJECT_DIR, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-1:]
        raise SourceFileError(
            f"{path}: the synthetic file was not made ({' '.join(said)}). Mend that, or set "
            "LAKEHOUSE_CSV to a purchases file"
        )


def fetch_published(raw_dir: Path = RAW_DIR) -> Path:
    """Download the published file from Kaggle with the user's own account.

    Returns:
        Where it stands, ``<raw_dir>/BlackFriday.csv``.

    Raises:
        SourceFileError: Kaggle did not give it; the message says how to get it by hand.
    """
    import kagglehub  # only here: its import alone contacts no one, but takes a second

    target = raw_dir / "BlackFriday.csv"
    by_hand = (
        f"Download train.csv of kaggle.com/datasets/{KAGGLE_DATASET} by hand, save it as {target}"
    )
    try:
        downloaded = Path(kagglehub.dataset_download(KAGGLE_DATASET)) / "train.csv"
    except Exception as error:  # kagglehub raises whatever its HTTP layer does
        reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise SourceFileError(f"Kaggle did not give the data set: {reason}. {by_hand}") from None
    if not downloaded.is_file():
        raise SourceFileError(f"Kaggle's download holds no train.csv. {by_hand}")
    raw_dir.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    shutil.copyfile(downloaded, partial)
    return partial.replace(target)
