"""The command `kubediff`: exit code 0 same, 2 differs, 1 it could not be told."""

import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click

from exporter_kit import log
from exporter_kit.api.errors import ApiError
from exporter_kit.api.place import Place
from exporter_kit.errors import DaemonError, UsageError
from exporter_kit.files import write_whole
from exporter_kit.masks import DEFAULT, Masks
from kubediff import cache, ignore, manifests, outputs, secrecy
from kubediff.manifests import Manifests, Source
from kubediff.results import Trouble, Verdict

FILE = click.Path(path_type=Path)
BROKEN = 1
DIFFERS = 2
# kubectl diff's: 0 same, 1 differs, more than 1 could not tell.
AS_DIFF = {0: 0, 1: 3, 2: 1}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-k",
    "--kubeconfig",
    type=FILE,
    envvar="KUBECONFIG",
    help="How to reach the API server. Without it: the pod's account.",
)
@click.option("-c", "--context", help="The kubeconfig's context, if not its current one.")
@click.option("--server", metavar="URL", help="The API server without a kubeconfig: https://HOST:PORT.")
@click.option("--token-file", type=FILE, help="Its bearer token.")
@click.option("--ca-file", type=FILE, help="Its certificate authority.")
@click.option("-n", "--namespace", default="default", show_default=True, help="Of manifests that name none.")
@click.option(
    "-f", "--filename", "files", multiple=True, metavar="PATH", help="As a PATH; - is standard input."
)
@click.option(
    "--render",
    "renders",
    multiple=True,
    metavar="COMMAND",
    help="A command that writes manifests: 'kustomize build x'.",
)
@click.option("--exclude", multiple=True, metavar="GLOB", help="Files of folders to leave out.")
@click.option(
    "--ignore",
    "ignored",
    multiple=True,
    metavar="[KIND[/NAMESPACE/NAME]:]PATH[@MANAGER]",
    help="Drift that is meant.",
)
@click.option(
    "--ignore-file",
    type=FILE,
    help="YAML list of rules: path, kind, namespace, name, manager, reason, until.",
)
@click.option(
    "--sensitive",
    multiple=True,
    metavar="[KIND[/NAMESPACE/NAME]:]PATH",
    help="Values to hide, beside those of Secrets.",
)
@click.option(
    "--field-manager", "applier", default="", help="Who applies what git says, where that is not plain."
)
@click.option(
    "--extra",
    is_flag=True,
    help="Tell also what is in the cluster and not in git, of the same kinds and namespaces.",
)
@click.option("--foreign", is_flag=True, help="Show the fields that others added.")
@click.option("--stat", is_flag=True, help="One line for each object.")
@click.option("-j", "--json", "as_json", is_flag=True, help="Write JSON in place of text.")
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FORMAT[=FILE]",
    help="text, stat, json, junit, sarif or html, on standard output or into a file.",
)
@click.option("--colour/--no-colour", default=None, help="Colour the text.  [default: on a terminal]")
@click.option("--textfile", type=FILE, envvar="PROM_RUN_TEXTFILE", help="Write metrics here.")
@click.option("-e", "--no-error-on-diff", is_flag=True, help="Exit with 0 when something differs.")
@click.option(
    "--exit-codes",
    type=click.Choice(["kubediff", "diff"]),
    default="kubediff",
    help="diff: 0 same, 1 differs, 3 could not tell.",
)
@click.option(
    "--cache", "cache_folder", type=FILE, help="Where to keep what was parsed.  [default: ~/.cache/kubediff]"
)
@click.option("--no-cache", is_flag=True, help="Parse everything anew.")
@click.option("--page", type=click.IntRange(1, 10_000), default=500, help="Objects per page of a list.")
@click.argument("paths", nargs=-1)
def kubediff(
    *,
    kubeconfig: Path | None,
    context: str | None,
    server: str | None,
    token_file: Path | None,
    ca_file: Path | None,
    exit_codes: str,
    no_error_on_diff: bool,
    textfile: Path | None,
    page: int,
    **given: Any,
) -> int:
    """Compare the manifests in PATHS (files or folders) with the cluster, and tell what differs.

    Nothing is changed, and only the rights to get and list are needed.
    """
    begun = time.monotonic()
    place = Place(kubeconfig, context, server, token_file, ca_file)
    verdict = Verdict(troubles=[Trouble("kubediff", "the run did not end")])
    try:
        wanted = outputs.wanted(given.pop("outputs"), as_json=given.pop("as_json"), stat=given.pop("stat"))
        verdict = compare(place, page=page, **{name: given.pop(name) for name in COMPARING})
        outputs.write(verdict, wanted, **given)
    finally:
        if textfile:
            _write(textfile, verdict, time.monotonic() - begun)
    code = verdict.code
    if no_error_on_diff and code == DIFFERS:
        code = 0
    return AS_DIFF[code] if exit_codes == "diff" else code


COMPARING = (
    "files",
    "renders",
    "exclude",
    "ignored",
    "ignore_file",
    "sensitive",
    "applier",
    "extra",
    "namespace",
    "cache_folder",
    "no_cache",
    "paths",
)


def compare(
    place: Place,
    *,
    files: tuple[str, ...],
    paths: tuple[str, ...],
    renders: tuple[str, ...],
    exclude: tuple[str, ...],
    ignored: tuple[str, ...],
    ignore_file: Path | None,
    sensitive: tuple[str, ...],
    applier: str,
    extra: bool,
    namespace: str,
    cache_folder: Path | None,
    no_cache: bool,
    page: int,
) -> Verdict:
    """Read the manifests, ask the cluster, compare."""
    from exporter_kit.api.client import ApiClient  # noqa: PLC0415  # --help needs no client
    from kubediff.live import Cluster  # noqa: PLC0415
    from kubediff.run import Run, Wishes  # noqa: PLC0415

    if not (files or paths or renders):
        raise UsageError("no manifests are named; give files or folders, -f - or --render 'COMMAND'")
    rules = [*map(ignore.parse, ignored), *(ignore.load(ignore_file) if ignore_file else ())]
    hidden = [ignore.parse(each) for each in sensitive]
    found = _manifests(
        (*paths, *files), renders, namespace, exclude, None if no_cache else cache_folder or cache.folder()
    )
    secrets = frozenset(
        text for each in found.found if each.subject.kind == "Secret" for text in secrecy.held(each.value)
    )
    wishes = Wishes(rules, hidden, applier, extra, secrets)
    try:
        client = ApiClient(place, user_agent="kubediff")
    except ApiError as error:
        return Verdict(troubles=[*found.troubles, Trouble("the API server", str(error))])
    return Run(Cluster(client, page=page), found, wishes).whole()


def _manifests(
    paths: tuple[str, ...],
    renders: tuple[str, ...],
    namespace: str,
    excluded: tuple[str, ...],
    folder: Path | None,
) -> Manifests:
    kept = cache.Cache(folder, repr((paths, renders, excluded))) if folder else None
    sources = [_rendered(command) for command in renders]
    found = manifests.read(paths, sources, namespace=namespace, excluded=excluded, cache=kept)
    if kept:
        kept.save()
    return found


def _rendered(command: str) -> Source | Trouble:
    """Run a command that writes manifests; one that fails is trouble, whatever it wrote by then."""
    try:
        done = subprocess.run(
            shlex.split(command), capture_output=True, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, ValueError) as error:
        return Trouble(command, f"can't run it: {error}")
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        return Trouble(command, f"it ended with {done.returncode}: {said[-1] if said else 'it said nothing'}")
    return Source(f"({command})", done.stdout)


def _write(textfile: Path, verdict: Verdict, seconds: float) -> None:
    from kubediff.report import prometheus  # noqa: PLC0415

    try:
        before = textfile.read_text() if textfile.exists() else ""
        shown = prometheus.render(verdict, before, now=time.time(), seconds=seconds)
        write_whole(textfile, shown.encode())
    except (OSError, ValueError) as error:
        raise DaemonError(f"can't write the metrics to {textfile}: {error}") from None


def main() -> None:
    """Run the command; every mistake is a sentence and a 1, as 2 means drift."""
    log.configure(level="error")
    try:
        sys.exit(kubediff.main(sys.argv[1:], "kubediff", standalone_mode=False) or 0)
    except click.ClickException as error:
        _end(error.format_message())
    except click.Abort:
        sys.exit(BROKEN)
    except (DaemonError, ApiError) as error:
        _end(str(error))


def _end(sentence: str) -> None:
    sys.stderr.write(f"kubediff: {Masks.of(DEFAULT).hide(sentence)}\n")
    sys.exit(BROKEN)


if __name__ == "__main__":
    main()
