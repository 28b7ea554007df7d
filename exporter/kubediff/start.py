"""A run, from what the command line said to an exit code; loaded once the flags are read."""

import time
from pathlib import Path
from typing import Any

from exporter_kit.api.errors import ApiError
from exporter_kit.api.place import Place
from exporter_kit.errors import DaemonError, UsageError
from exporter_kit.files import write_whole
from kubediff import cache, ignore, outputs
from kubediff.inputs import Inputs
from kubediff.manifests import STDIN
from kubediff.results import Trouble, Verdict
from kubediff.run import Run, Wishes

DIFFERS = 2
# kubectl diff's: 0 same, 1 differs, more than 1 could not tell.
AS_DIFF = {0: 0, 1: 3, 2: 1}


def start(
    *,
    outputs_: tuple[str, ...],
    as_json: bool,
    stat: bool,
    colour: bool | None,
    foreign: bool,
    exit_codes: str,
    no_error_on_diff: bool,
    textfile: Path | None,
    watch: bool,
    listen_address: str,
    web_config: Path | None,
    **given: Any,
) -> int:
    """Compare, write what came of it, and return the exit code."""
    if watch:
        if textfile or outputs_ or as_json or stat:
            raise UsageError("--watch serves the page and the metrics; leave --textfile and --output out")
        _watch(listen_address, web_config, **given)
        return 0
    begun = time.monotonic()
    verdict = Verdict(troubles=[Trouble("kubediff", "the run did not end")])
    try:
        wanted = outputs.wanted(outputs_, as_json=as_json, stat=stat)
        verdict = compare(**given)
        outputs.write(verdict, wanted, colour=colour, foreign=foreign)
    finally:
        if textfile:
            _write(textfile, verdict, time.monotonic() - begun)
    code = verdict.code
    if no_error_on_diff and code == DIFFERS:
        code = 0
    return AS_DIFF[code] if exit_codes == "diff" else code


def _watch(address: str, web_config: Path | None, **given: Any) -> None:
    from exporter_kit import log  # noqa: PLC0415  # a single run tells nothing there
    from kubediff.serve import serve  # noqa: PLC0415
    from kubediff.watching import Watch  # noqa: PLC0415

    place, inputs, wishes, rest = _understood(**given)
    if STDIN in (*inputs.paths, *inputs.files):
        raise UsageError("--watch reads manifests again and again; give files or folders in place of -")
    log.configure()
    serve(Watch(place, inputs, wishes, page=rest["page"]), address, web_config)


def _understood(
    *,
    kubeconfig: Path | None,
    context: str | None,
    server: str | None,
    token_file: Path | None,
    ca_file: Path | None,
    ignored: tuple[str, ...],
    ignore_file: Path | None,
    sensitive: tuple[str, ...],
    applier: str,
    extra: bool,
    page: int,
    cache_folder: Path | None,
    no_cache: bool,
    **given: Any,
) -> tuple[Place, Inputs, Wishes, dict[str, Any]]:
    """Read the flags: where the cluster is, where manifests are, how to compare, and the rest."""
    inputs = Inputs(**given)
    if not inputs.any:
        raise UsageError("no manifests are named; give files or folders, -f - or --render 'COMMAND'")
    rules = [*map(ignore.parse, ignored), *(ignore.load(ignore_file) if ignore_file else ())]
    wishes = Wishes(rules, [ignore.parse(each) for each in sensitive], applier, extra)
    folder = None if no_cache else cache_folder or cache.folder()
    place = Place(kubeconfig, context, server, token_file, ca_file)
    return place, inputs, wishes, {"page": page, "folder": folder}


def compare(**given: Any) -> Verdict:
    """Read the manifests while the cluster says what it serves, then compare."""
    from exporter_kit.api.client import ApiClient  # noqa: PLC0415  # what is wrong above needs no client
    from kubediff.live import Cluster  # noqa: PLC0415

    place, inputs, wishes, rest = _understood(**given)
    folder = rest["folder"]
    kept = cache.Cache(folder, repr(inputs)) if folder else None
    try:
        client = ApiClient(place, user_agent="kubediff")
    except ApiError as error:
        found = inputs.read(kept)
        return Verdict(troubles=[*found.troubles, Trouble("the API server", str(error))])
    with Cluster(client, page=rest["page"], cache=kept) as cluster:
        found = inputs.read(kept)
        verdict = Run(cluster, found, wishes, kept).whole()
    if kept:
        kept.save()
    return verdict


def _write(textfile: Path, verdict: Verdict, seconds: float) -> None:
    from kubediff.report import prometheus  # noqa: PLC0415

    try:
        # What is no regular file may have no end, and remembers nothing.
        before = textfile.read_text() if textfile.is_file() else ""
        shown = prometheus.render(verdict, before, now=time.time(), seconds=seconds)
        write_whole(textfile, shown.encode())
    except (OSError, ValueError) as error:
        raise DaemonError(f"can't write the metrics to {textfile}: {error}") from None
