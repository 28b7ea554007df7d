"""Commands that begin with the libraries loaded: each is a process of its own, forked from one that has them.

Loading them takes ten times as long as most commands do. Of ours nothing is loaded before: what a command
imports, and in which order, is as in a process that began with nothing.
"""

import gc
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

LIBRARIES = (
    "click",
    "cramjam",
    "cryptography.x509",
    "filelock",
    "google_crc32c",
    "jinja2",
    "kubernetes",
    "msgspec",
    "prometheus_api_client.prometheus_connect",
    "promql_parser",
    "pytest",
    "requests",
    "rich.console",
    "tenacity",
    "yaml",
)


class Warm:
    """A process that has the libraries, and begins a command whenever it is asked."""

    def __init__(self, parent: subprocess.Popen[str], folder: Path) -> None:
        self._parent = parent
        self._out = folder / "stdout", folder / "stderr"

    def run(
        self, command: str, words: Sequence[str], *, folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command, "module:function", with these words in a folder, and return what came out."""
        for file in self._out:
            file.write_bytes(b"")
        asked = [command, words, str(folder), dict(environment), *map(str, self._out)]
        assert self._parent.stdin
        assert self._parent.stdout
        try:
            self._parent.stdin.write(json.dumps(asked) + "\n")
            self._parent.stdin.flush()
            code = int(self._parent.stdout.readline())
        except BaseException:
            self._parent.kill()  # else this command's end would be taken for that of the next one
            raise
        return subprocess.CompletedProcess(words, code, *(file.read_text() for file in self._out))


@contextmanager
def started() -> Iterator[Warm]:
    """Yield one; it ends afterwards."""
    # -P: a command finds nothing in the folder it is called in.
    argv = [sys.executable, "-P", __file__, *LIBRARIES]
    with (
        TemporaryDirectory() as folder,
        subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent,
    ):
        yield Warm(parent, Path(folder))


def serve() -> None:
    """Begin each command that a line asks for, and say how it ended."""
    for name in sys.argv[1:]:
        importlib.import_module(name)
    gc.freeze()  # what is collected is written to, and what is written to is copied first
    for line in sys.stdin:
        if child := os.fork():
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201  # the answer
            continue
        command, words, folder, environment, *out = json.loads(line)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        for number, file in enumerate((os.devnull, *out)):
            os.dup2(os.open(file, os.O_RDWR), number)
        module, _, function = command.partition(":")
        sys.argv = [module.partition(".")[0], *words]
        try:
            sys.exit(getattr(importlib.import_module(module), function)())
        except SystemExit as end:
            sys.stdout.flush()
            os._exit(int(end.code or 0))  # as does taking down all that was loaded


if __name__ == "__main__":
    serve()
