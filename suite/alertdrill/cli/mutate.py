"""`alertdrill mutate`: would anybody notice if a rule were damaged?"""

from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from alertdrill.cli import reading
from alertdrill.model import Verdict
from alertdrill.mutate import survivors, text
from alertdrill.mutate.mutate import mutate as mutating
from alertdrill.mutate.values import Mutated
from alertdrill.progress import Progress


@click.command()
@click.argument("files", nargs=-1, required=True, type=reading.RULES, metavar="RULES...")
@click.option(
    "--incidents",
    "recordings",
    type=reading.FILE,
    multiple=True,
    help="Recordings, or folders of them: their scenarios are judged again with each mutant; again for more.",
)
@click.option(
    "--beside",
    type=reading.RULES,
    multiple=True,
    help="Rules that the recordings were made with, too, and that are not damaged; again for more.",
)
@click.option(
    "--floor", type=reading.Within(0, 100), help="Exit code 1 when a smaller percentage is noticed."
)
@click.option(
    "--survivors",
    "explanations",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="Explains survivors: with such a file, exit code 1 for each that it leaves out. [default:"
    f" tests/{survivors.NAME} in the folders of RULES]",
)
@click.option(
    "--matrix", is_flag=True, help="Ask all tests about every mutant, and list who notices; takes longer."
)
@reading.output_format
def mutate(
    files: Sequence[Path],
    recordings: Sequence[Path],
    beside: Sequence[Path],
    explanations: Sequence[Path],
    output_format: str,
    *,
    floor: float | None,
    matrix: bool,
) -> None:
    """Damage rules in every small way, and tell which damage no rule test and no recording notices.

    \b
    alertdrill mutate rules                                    its tests are in rules/tests
    alertdrill mutate rules --incidents fixtures/incidents     and these are scenarios that were played

    Thresholds, comparators, windows, `for`, matchers, joins, and/or/unless, grouping, labels, severity and
    annotations are changed, one at a time. A test that still passes does not look at what was changed. What
    can make no difference is known as such and does not count. The first minutes of all tests come first,
    then the rest of them, then recordings, and each mutant is tried until one notices it; --matrix tries all.

    Exit codes: 0 all is well, 1 fewer are noticed than --floor, or a survivor is not explained where a file
    explains them, 2 usage, bad rules, or rules that fail their own tests, 3 something could not be judged,
    or nobody could be asked. docs/mutate.md has more.
    """  # noqa: D301  # \b is click's mark for "leave these lines as they are"
    paths = list(files)
    explaining = list(explanations) or survivors.beside(paths)
    explained = [one for file in explaining for one in survivors.read(file)]
    found = mutating(
        paths,
        beside=beside,
        recordings=recordings,
        explained=explained,
        every=matrix,
        tell=Progress().say,
    )
    if output_format == "json":
        click.echo(msgspec.json.format(_as_json(found), indent=2))
    else:
        click.echo(text.render(found, matrix=matrix), nl=False)
    click.get_current_context().exit(_verdict(found, floor, is_explained=bool(explaining)).exit_code)


def _verdict(found: Mutated, floor: float | None, *, is_explained: bool) -> Verdict:
    if not found.is_asked or found.left_out:  # who was not asked might have noticed
        return Verdict.UNKNOWN
    share = found.whole.share
    if floor is not None and share is not None and share * 100 < floor:
        return Verdict.FAIL
    if is_explained and (found.unexplained or found.stale):
        return Verdict.FAIL
    return Verdict.UNKNOWN if found.unread else Verdict.PASS


def _as_json(found: Mutated) -> bytes:
    """Return the whole, with the scores that follow from it; a share of nobody who was asked is none."""
    whole = msgspec.to_builtins(found)
    scores = [
        {**msgspec.to_builtins(one), "share": one.share if found.is_asked else None}
        for one in (found.whole, *found.scores())
    ]
    return msgspec.json.encode({"scores": scores, **whole})
