"""Every id of a component, so that layout, callbacks and tests name the same one."""

__all__ = [
    "BURGER",
    "CONTENT",
    "INTERVAL",
    "LOCATION",
    "SCHEME",
    "SHELL",
    "VIEW",
    "chart",
    "control",
]

LOCATION = "location"
VIEW = "view"
CONTENT = "content"
INTERVAL = "interval"
SCHEME = "scheme"
SHELL = "shell"
BURGER = "burger"


def control(name: str, default: str = "") -> dict[str, str]:
    """Id of an input that stands for a parameter of the address.

    Its default value is no parameter: a page that only opens leaves the address as it is, or the
    browser's Back would lead to the page that one wants to leave.
    """
    return {"type": "control", "name": name, "default": default}


def chart(name: str, filters: str = "") -> dict[str, str]:
    """Id of a chart; a click on one of its bars filters by the parameter that it names."""
    return {"type": "chart", "name": name, "filters": filters}
