"""A description of the machine and of the versions that a benchmark ran with."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil

from lakehouse.java import find_java

__all__ = ["describe_machine", "peak_memory_mb"]


def describe_machine() -> str:
    """One line: processor, cores, memory, system, and the versions that matter."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    printed = subprocess.run(
        [str(find_java()), "-version"], capture_output=True, text=True, check=True
    )
    java = printed.stderr.splitlines()[0]
    memory = psutil.virtual_memory().total / 2**30
    packages = ("pyspark", "delta-spark", "dbt-core", "dbt-spark")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{models[0] if models else platform.processor()}, {os.cpu_count()} cores, "
        f"{memory:.0f} GiB; {platform.system()} {platform.release()}; {java}; "
        f"Python {platform.python_version()}; {versions}"
    )


def peak_memory_mb(pid: int) -> int:
    """Peak resident memory of a process so far, in MiB, as the kernel counts it (VmHWM)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    raise ValueError(f"process {pid} shows no VmHWM")
