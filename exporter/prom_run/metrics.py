"""What Prometheus is told: every family is there from the start, with a value for every command."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from exporter_kit import log
from prom_run.daemon import Daemon
from prom_run.runs import textfile
from prom_run.runs.record import UNKNOWN
from prom_run.runs.runner import Runner

LABELS = ("command",)
Value = Callable[[Runner], float]

GAUGES: tuple[tuple[str, str, Value], ...] = (
    (
        "command_exit_code",
        f"Exit code of the last run; 124 timeout, 255 not started, 128+N signal N, {UNKNOWN} none has ended.",
        lambda runner: runner.last.exit_code if runner.last else UNKNOWN,
    ),
    (
        "promrun_command_last_run_success",
        "Whether the last run ended with a code that counts as success.",
        lambda runner: bool(runner.last and runner.last.outcome == "success"),
    ),
    (
        "promrun_command_last_success_timestamp_seconds",
        "When the last successful run ended; 0 if none has.",
        lambda runner: runner.last_success,
    ),
    (
        "promrun_command_last_run_timestamp_seconds",
        "When the last run ended; 0 if none has.",
        lambda runner: runner.last.ended if runner.last else 0,
    ),
    (
        "promrun_command_last_run_duration_seconds",
        "How long the last run took.",
        lambda runner: runner.last.duration if runner.last else 0,
    ),
    (
        "promrun_command_next_run_timestamp_seconds",
        "When the next run is due.",
        lambda runner: runner.next_start,
    ),
    (
        "promrun_command_running",
        "Whether a run is in progress.",
        lambda runner: runner.current is not None,
    ),
    (
        "promrun_command_run_in_progress_seconds",
        "How long the run in progress has been going on; 0 if there is none.",
        lambda runner: runner.current.duration() if runner.current else 0,
    ),
    (
        "promrun_command_timeout_seconds",
        "How long a run may take.",
        lambda runner: runner.command.timeout,
    ),
    (
        "promrun_command_output_bytes",
        "How much the last run printed.",
        lambda runner: runner.last.output_bytes if runner.last else 0,
    ),
)
COUNTERS: tuple[tuple[str, str, Value], ...] = (
    (
        "promrun_command_overruns",
        "Due times that passed while a run was in progress.",
        lambda runner: runner.tally.overruns,
    ),
    ("promrun_command_timeouts", "Runs ended for their timeout.", lambda runner: runner.tally.timeouts),
    (
        "promrun_command_spawn_errors",
        "Runs that could not be started.",
        lambda runner: runner.tally.spawn_errors,
    ),
    (
        "promrun_command_output_truncated",
        "Runs whose output was too long to keep whole.",
        lambda runner: runner.tally.truncated,
    ),
    (
        "promrun_command_leftover_processes",
        "Processes that runs left behind and that were ended.",
        lambda runner: runner.tally.leftovers,
    ),
    (
        "promrun_history_write_errors",
        "Runs that could not be saved to disk.",
        lambda runner: runner.tally.unsaved,
    ),
)


class Metrics(Collector):
    """Reads the daemon at each scrape; nothing is kept twice."""

    def __init__(self, daemon: Daemon, link: Callable[[str], str]) -> None:
        self._daemon = daemon
        self._link = link
        self._told: frozenset[str] = frozenset()

    def describe(self) -> Iterable[Metric]:
        """Describe nothing beforehand: names come from textfiles too."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        runners = tuple(self._daemon.runners.values())
        for name, text, value in GAUGES:
            yield _filled(GaugeMetricFamily(name, text, labels=LABELS), runners, value)
        for name, text, value in COUNTERS:
            yield _filled(CounterMetricFamily(name, text, labels=LABELS), runners, value)
        yield _exits(runners)
        yield _durations(runners)
        yield from _checkouts(runners)
        yield self._info(runners)
        yield from self._reloads()
        yield from self._textfiles(runners)

    def _textfiles(self, runners: tuple[Runner, ...]) -> Iterator[Metric]:
        """Yield the families that commands wrote, those of one name from several commands joined.

        A file whose names mean something else in another command's, which comes first, is left out.
        """
        joined: dict[str, Metric] = {}
        taken: dict[str, textfile.Family] = {}
        clashing: dict[str, str] = {}
        for runner in runners:
            names = runner.textfile.names
            if clash := next((name for name in names if taken.get(name, names[name]) != names[name]), ""):
                clashing[runner.command.name] = clash
                continue
            taken.update(names)
            for family in runner.textfile.metrics:
                first = joined.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                first.samples.extend(family.samples)
        self._tell(clashing)
        yield _filled(
            GaugeMetricFamily(
                "promrun_textfile_success",
                "Whether the last run wrote a textfile that could be read; 1 where none is expected.",
                labels=LABELS,
            ),
            runners,
            lambda runner: not runner.textfile.error and runner.command.name not in clashing,
        )
        yield from joined.values()

    def _tell(self, clashing: dict[str, str]) -> None:
        """Say once which files are left out."""
        for command in clashing.keys() - self._told:
            why = f"{clashing[command]} is of another type in another command's textfile"
            log.get().warning("textfile not taken", command=command, why=why)
        self._told = frozenset(clashing)

    def _info(self, runners: tuple[Runner, ...]) -> Metric:
        family = GaugeMetricFamily(
            "promrun_command_info", "What is run, and the page that shows it.", labels=(*LABELS, "url")
        )
        for runner in runners:
            family.add_metric((runner.command.name, self._link(runner.command.name)), 1)
        return family

    def _reloads(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "promrun_config_last_reload_successful",
            "Whether the configuration in force is the one on disk at the last reload.",
            value=self._daemon.reload_good,
        )
        yield GaugeMetricFamily(
            "promrun_config_last_reload_success_timestamp_seconds",
            "When the configuration in force was read.",
            value=self._daemon.reloaded,
        )


def _filled(
    family: GaugeMetricFamily | CounterMetricFamily, runners: tuple[Runner, ...], value: Value
) -> Metric:
    for runner in runners:
        family.add_metric((runner.command.name,), float(value(runner)))
    return family


def _exits(runners: tuple[Runner, ...]) -> Metric:
    family = CounterMetricFamily(
        "promrun_command_exits", "Runs by their exit code.", labels=(*LABELS, "code")
    )
    for runner in runners:
        exits = dict.fromkeys(sorted(runner.command.success_codes), 0) | dict(runner.tally.exits)
        for code, count in exits.items():
            family.add_metric((runner.command.name, str(code)), count)
    return family


def _durations(runners: tuple[Runner, ...]) -> Metric:
    family = SummaryMetricFamily("promrun_command_duration_seconds", "Time spent in runs.", labels=LABELS)
    for runner in runners:
        family.add_metric(
            (runner.command.name,), count_value=runner.tally.runs, sum_value=runner.tally.seconds
        )
    return family


def _checkouts(runners: tuple[Runner, ...]) -> Iterator[Metric]:
    info = GaugeMetricFamily(
        "promrun_git_commit_info", "The commit that the last run looked at.", labels=(*LABELS, "commit")
    )
    since = GaugeMetricFamily(
        "promrun_git_checkout_timestamp_seconds",
        "When the checkout last moved to another commit; 0 if there is no checkout yet.",
        labels=LABELS,
    )
    for runner in runners:
        if runner.command.checkout:
            now = runner.looks_at()
            commit = runner.last.commit if runner.last else now.commit if now else ""
            info.add_metric((runner.command.name, commit), 1)
            since.add_metric((runner.command.name,), now.since if now else 0)
    return iter((info, since))
