"""Mistakes that reach the user as one sentence and an exit code, never as a traceback."""


class DaemonError(Exception):
    """The world's mistake: a port is taken, a disk is full. The process ends with 1."""

    exit_code = 1


class UsageError(DaemonError):
    """The user's mistake: a flag or a file that can't be understood. The process ends with 2."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration file that can't be used; the message opens with the file's name."""

    def __init__(self, file: object, message: str) -> None:
        super().__init__(f"{file}: {message}")
