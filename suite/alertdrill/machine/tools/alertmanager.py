"""Alertmanager as it can be started here.

Debian's build looks for its templates in /usr/share/prometheus, where they are once its package is installed;
one that is only unpacked is shown its own /usr/share in that place, and nobody else is.
"""

import shutil
from pathlib import Path

from alertdrill.errors import LabError
from alertdrill.machine.tools import programs

PROGRAM = "prometheus-alertmanager"
TEMPLATES = "prometheus/alertmanager/default.tmpl"
SHARE = Path("/usr/share")


def command() -> list[str]:
    """Return how to start it; flags are to follow."""
    program = programs.find(PROGRAM).path
    share = program.parents[1] / "share"
    if (
        SHARE in {share, share.resolve()}
        or not (share / TEMPLATES).is_file()
        or (SHARE / TEMPLATES).is_file()
    ):
        return [str(program)]
    if not shutil.which("unshare"):
        raise LabError(f"looked for unshare, with which to start {program}, found none: install util-linux")
    mount = f'mount --bind "$0" {SHARE} && exec "$@"'
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, str(share), str(program)]
