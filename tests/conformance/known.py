"""What is known about dbt's own adapter tests here: which fail and why, which do not apply.

This is the one place for it: a test that fails is expected to, for the reason given and showing the
text given, and a test that begins to pass is an error, so that its entry goes.
"""

from dataclasses import dataclass

from conformance.connection import TARGETS

__all__ = ["CORE", "FAILURES", "NOT_APPLICABLE", "Failure", "known_failure"]


@dataclass(frozen=True)
class Failure:
    """A test that fails for a reason outside this project.

    Attributes:
        reason: what does not work, in a sentence.
        shows: text that the failure has to hold; with another one the test fails after all.
        link: the issue upstream; empty where none was found and the reason was reproduced here.
        targets: where it fails.
    """

    reason: str
    shows: str
    link: str = ""
    targets: tuple[str, ...] = TARGETS


# Test classes that are part of every run, not only of `make test-conformance`.
CORE: frozenset[str] = frozenset(())

# By module and class, or module, class and test.
FAILURES: dict[str, Failure] = {}

# Upstream classes that no test here is made of, with the reason.
NOT_APPLICABLE: dict[str, str] = {}


def known_failure(test_id: str, target: str) -> Failure | None:
    """The entry that holds for one test on one target.

    Args:
        test_id: ``module::class::test``, with its parameters in brackets.
        target: name of the profile's output.
    """
    without_parameters = test_id.partition("[")[0]
    class_id = "::".join(test_id.split("::")[:2])
    for key in (test_id, without_parameters, class_id):
        failure = FAILURES.get(key)
        if failure and target in failure.targets:
            return failure
    return None
