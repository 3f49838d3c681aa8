"""``python -m lakehouse.services.launch NAME``: become a service, in an environment of its own.

The supervisor starts each service with this module, for a process of its keeps the environment that
the supervisor itself has, with the secrets of all services in it.
"""

import os
import sys

from lakehouse.services.environment import service_environment
from lakehouse.settings import settings

__all__ = ["main"]

_MODULES = {
    "thrift": "lakehouse.services.thrift",
    "kafka": "lakehouse.services.kafka",
    "stream": "streaming.run",
    "dashboard": "dashboard",
    "store": "lakehouse.services.store",
    "metastore": "lakehouse.services.metastore",
    "master": "lakehouse.services.cluster",
    "worker1": "lakehouse.services.cluster",
    "worker2": "lakehouse.services.cluster",
}
# One module is several services; it is told which.
_TOLD = ("master", "worker1", "worker2")


def main() -> None:
    """Replace this process by the service that the first argument names."""
    name = sys.argv[1]
    environment = service_environment(name, settings())
    (settings().var_dir / "tmp").mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", _MODULES[name], *([name] if name in _TOLD else [])]
    os.execve(sys.executable, command, environment)  # noqa: S606


if __name__ == "__main__":
    main()
