"""Whether the dashboard answers."""

import urllib.error
import urllib.request

from lakehouse.settings import Settings

__all__ = ["answers"]

_EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not bound to


def answers(settings: Settings) -> bool:
    """Whether its health endpoint says that it is well."""
    host = "127.0.0.1" if settings.dashboard_host in _EVERYWHERE else settings.dashboard_host
    url = f"http://{host}:{settings.dashboard_port}/health"
    try:
        # Without the proxies of others, which do not reach this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
