"""A repository kept as one worktree per commit, and a link swapped from one to the next in one step."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from exporter_kit.errors import DaemonError

WORKTREES = ".worktrees"
FIRST_LINES = 2  # git says what is wrong first, then gives advice


class Checkout:
    """`root` holds the repository and a worktree whose leaf name is the commit's hash; `link` leads to it.

    What the link led to before stays for `stale_timeout` seconds: somebody may still be at work in it.
    """

    def __init__(
        self,
        repo: str,
        root: Path,
        link: Path,
        *,
        ref: str,
        depth: int,
        timeout: float,
        stale_timeout: float = 0.0,
    ) -> None:
        self.repo = repo
        self.root = root.absolute()
        self.link = link if link.is_absolute() else self.root / link
        self.ref = ref
        self.depth = depth
        self.timeout = timeout
        self.stale_timeout = stale_timeout

    def current(self) -> str | None:
        """Return the commit that is published, if its worktree is there."""
        try:
            target = self.link.parent / self.link.readlink()
        except OSError:
            return None
        return target.name if (target / ".git").exists() else None

    def fetch(self) -> str:
        """Bring in what `ref` is now, and return its commit."""
        self.root.mkdir(parents=True, exist_ok=True)
        if not (self.root / ".git").exists():
            self._git("init", "--quiet", "--initial-branch=git-sync")
        depth = [f"--depth={self.depth}"] if self.depth else []
        self._git("fetch", "--quiet", "--no-tags", "--force", "--prune", *depth, "--", self.repo, self.ref)
        return self._git("rev-parse", "FETCH_HEAD^{commit}").strip()

    def publish(self, commit: str) -> None:
        """Make the commit's worktree, then swap the link to it."""
        worktree = self.root / WORKTREES / commit
        if not self._is_restored(worktree, commit):
            shutil.rmtree(worktree, ignore_errors=True)  # one that a killed run left half made
            self._git("worktree", "prune")
            self._git("worktree", "add", "--quiet", "--force", "--detach", str(worktree), commit)
        if self.current():
            os.utime(self.link)  # what it leads to is stale from now on
        self.link.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.link.parent, prefix=".git-sync-") as aside:
            new = Path(aside) / "link"
            new.symlink_to(os.path.relpath(worktree, self.link.parent))
            new.replace(self.link)

    def forget_others(self, commit: str) -> None:
        """Remove the worktrees that have been stale for long enough, and what only they needed."""
        old = [
            each for each in (self.root / WORKTREES).glob("*") if each.name != commit and self._is_over(each)
        ]
        for worktree in old:
            shutil.rmtree(worktree, ignore_errors=True)
        if old:
            self._git("worktree", "prune")
            self._git("gc", "--auto", "--quiet")

    def _is_over(self, worktree: Path) -> bool:
        # Without a time-out no clock is asked: it may have been set back.
        return not self.stale_timeout or time.time() - worktree.stat().st_mtime >= self.stale_timeout

    def _is_restored(self, worktree: Path, commit: str) -> bool:
        """Make a worktree what it was, if it is there; whoever is at work in a stale one keeps the folder."""
        if not (worktree / ".git").exists():
            return False
        try:
            self._git("-C", str(worktree), "reset", "--quiet", "--hard", commit)
        except DaemonError:
            return False
        return True

    def _git(self, *words: str) -> str:
        try:
            done = subprocess.run(
                ["git", *words],  # noqa: S607  # git's place differs between images
                cwd=self.root,
                env=self._environment(),
                capture_output=True,
                text=True,
                errors="replace",
                timeout=self.timeout,
                check=False,
            )
        except FileNotFoundError:
            raise DaemonError("running git: no such program on PATH; install git") from None
        except subprocess.TimeoutExpired:
            raise DaemonError(f"running git {words[0]}: not done after {self.timeout:g} s") from None
        if done.returncode:
            said = " | ".join([line for line in done.stderr.splitlines() if line.strip()][:FIRST_LINES])
            raise DaemonError(f"running git {words[0]}: {said or f'it ended with {done.returncode}'}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        """Return our environment less what leads git elsewhere; it asks nobody and trusts its own folder."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        return {
            **kept,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(Path(__file__).with_name("gitconfig")),
            "LC_ALL": "C.UTF-8",
        }
