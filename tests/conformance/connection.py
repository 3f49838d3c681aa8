"""Where the upstream tests run: the project's own profile, rendered as dbt itself renders it."""

import contextvars
import os
from typing import Any

import yaml
from dbt.config.renderer import ProfileRenderer
from dbt_common.context import set_invocation_context

from lakehouse.dbt import DBT_PROJECT_DIR
from lakehouse.settings import Settings

__all__ = ["TARGETS", "profile_target"]

# The two ways in which dbt reaches Spark without an account somewhere, and the output of each. What
# else an output says is its schema, which a test replaces by one of its own.
TARGETS = {"thrift": "prod", "session": "session"}


def profile_target(name: str, settings: Settings) -> dict[str, Any]:
    """One output of the project's ``profiles.yml`` with the values of these settings.

    Args:
        name: one of :data:`TARGETS`.
        settings: the lakehouse that it leads to.
    """
    profile = yaml.safe_load((DBT_PROJECT_DIR / "profiles.yml").read_text())
    output = profile["black_friday_lakehouse"]["outputs"][TARGETS[name]]

    def render() -> dict[str, Any]:
        own_server = {"LAKEHOUSE_CLUSTER_HOST": ""}
        set_invocation_context(os.environ | settings.as_environment() | own_server)
        return ProfileRenderer({}).render_data(output)

    # In a context of its own: dbt's tests set up theirs from the environment as it is later.
    return contextvars.copy_context().run(render)
