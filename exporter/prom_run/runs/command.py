"""One command: what is run, when, and how it is judged. Plain data."""

import msgspec

# What a command gets of our own environment unless more is asked for: enough to be found and to print.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A command and everything that decides about its runs; times are seconds.

    `period` and `cron` exclude each other. `pass_env` holds names or globs (`KUBERNETES_*`). `checkout` is
    a git-sync link or a work tree: it is resolved once per run, and replaced in argv and cwd by what it was
    resolved to; with `on_commit` a new one is a reason to run. `textfile` is a Prometheus textfile that the
    command writes.
    """

    name: str
    argv: tuple[str, ...]
    period: float = 10.0
    cron: str = ""
    timezone: str = "UTC"
    jitter: float = 0.0
    timeout: float = 600.0
    kill_after: float = 5.0
    at_start: bool = True
    env: dict[str, str] = {}
    pass_env: tuple[str, ...] = ()
    cwd: str = ""
    success_codes: frozenset[int] = frozenset({0})
    textfile: str = ""
    checkout: str = ""
    on_commit: bool = False
    keep: int = 100

    def __str__(self) -> str:
        """Write the command line as a person would."""
        return " ".join(quoted(word) for word in self.argv)


def quoted(word: str) -> str:
    """Quote a word where a reader could not see its edges otherwise."""
    plain = word and not any(letter in " \t\n'\"\\$`*?[]{}()<>|&;~#!" for letter in word)
    return word if plain else "'" + word.replace("'", "'\\''") + "'"
