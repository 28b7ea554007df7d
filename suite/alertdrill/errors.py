"""The error tree: whose mistake it is decides the exit code.

A programmer's mistake is an assert or a TypeError and may crash; everything below is somebody else's
and reaches the user as one sentence.
"""

from http import HTTPStatus


class AlertdrillError(Exception):
    """What every command reports as one sentence; `exit_code` is the process's."""

    exit_code = 3


class UsageError(AlertdrillError):
    """The user's mistake: what was asked for can't be understood or found."""

    exit_code = 2


class MissingError(UsageError):
    """A package that is not installed, because the extra that has it was not asked for."""

    def __init__(self, package: str | None) -> None:
        super().__init__(f"{package} is not installed: pip install 'alertdrill[suite]'")


class InputError(UsageError):
    """The user's mistake inside a file; the message opens with `file:line: `.

    `file` is the path as the user named it, `line` counts from 1 and is 0 where the file as a whole is meant.
    """

    def __init__(self, message: str, *, file: str, line: int = 0) -> None:
        where = f"{file}:{line}" if line else file
        super().__init__(f"{where}: {message}")
        self.file = file
        self.line = line


class RulesError(InputError):
    """A rule file that can't be read or that no Prometheus would take."""


class ScenarioError(UsageError):
    """A scenario that can't be played as written.

    `about` are texts of its module, the last of which is to be mended: by them its line is found.
    """

    def __init__(self, message: str, *, about: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.about = about


class IncidentError(InputError):
    """An incident folder that can't be read."""


class LabError(AlertdrillError):
    """The world's mistake: the lab is not fit to judge in, so the verdict is unknown."""


class FutileError(LabError):
    """Lab trouble that doing the same again does not mend, however busy the cluster was."""


class TransientError(LabError):
    """Lab trouble that asking again may mend: no connection, no reply, a server that is busy or restarting.

    Whoever waits with a deadline (`clock.wait_for`) goes on asking; any other LabError ends the wait at once.
    """


def refusal(status: int) -> type[LabError]:
    """Return what an HTTP status that is no answer counts as: 429 and 5xx pass, all others stay."""
    passes = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return TransientError if passes else LabError
