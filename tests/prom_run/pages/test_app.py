"""Pages, metrics and JSON of a real daemon, asked through the app itself."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter_kit.masks import DEFAULT
from exporter_kit.web.auth import USER
from prom_run.config import Config
from prom_run.daemon import Daemon
from prom_run.metrics import COUNTERS, GAUGES
from prom_run.pages.app import Site
from prom_run.runs.command import Command

HOSTILE = "<script>alert(1)</script>"


@dataclass(frozen=True)
class Answer:
    """What the app answered."""

    status: int
    headers: dict[str, str]
    text: str


class Client:
    """Asks an ASGI app without a socket; `user` is who the server would have let in."""

    def __init__(self, daemon: Daemon, site: Site) -> None:
        self.daemon = daemon
        self._app = site.asgi()

    async def get(self, path: str, *, method: str = "GET", user: str = "", **headers: str) -> Answer:
        """Ask for a page."""
        sent: list[dict[str, Any]] = []
        raw, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": raw,
            "raw_path": raw.encode(),
            "root_path": "",
            "scheme": "http",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "server": ("wall", 80),
        } | ({USER: user} if user else {})

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        start, *bodies = sent
        return Answer(
            start["status"],
            {name.decode(): value.decode() for name, value in start["headers"]},
            b"".join(body.get("body", b"") for body in bodies).decode(),
        )

    async def ended(self, name: str) -> None:
        """Wait until a command has ended once."""
        while not self.daemon.runners[name].runs:  # noqa: ASYNC110  # looks as a user would
            await asyncio.sleep(0.01)


def ask(commands: list[Command], question: Callable[[Client], Any], **site: Any) -> Any:
    """Run commands, ask once all of them but `slow` have ended, and return what the question returns."""

    async def asking() -> Any:
        daemon = Daemon(lambda: Config(tuple(commands), DEFAULT))
        client = Client(daemon, Site(daemon, **site))
        await daemon.start()
        try:
            for command in commands:
                if command.name != "slow":
                    await client.ended(command.name)
            return await question(client)
        finally:
            await daemon.stop()

    return asyncio.run(asyncio.wait_for(asking(), 60))


def shell(name: str, line: str, **fields: Any) -> Command:
    """Return a command that is run once an hour."""
    return Command(name=name, argv=("/bin/sh", "-c", line), period=3600, kill_after=0.3, **fields)


GOOD = shell("good", "echo fine")
BAD = shell("bad", f"echo '{HOSTILE}'; printf '\\033[31mred\\033[0m password=hunter2\\n'; exit 2")
SLOW = shell("slow", "printf 'so %s\\n' far; sleep 77777")


def test_the_wall_shows_every_command() -> None:
    """What fails comes first, with its word and its last lines; a run in progress is visible."""
    page = ask([GOOD, BAD, SLOW], lambda client: client.get("/")).text
    assert (
        page.index('data-command="bad"')
        < page.index('data-command="slow"')
        < page.index('data-command="good"')
    )
    assert "<h1>1 of 3 failing</h1>" in page
    assert "exit 2" in page
    assert '<span class="f1">red</span>' in page
    assert "running for" in page


def test_nothing_that_a_command_prints_is_markup_or_secret() -> None:
    """Scripts in output are text, secrets are hidden, and the page forbids scripts that aren't ours."""

    async def question(client: Client) -> list[Answer]:
        return [await client.get(path) for path in ("/", "/c/bad", "/api/v1/commands/bad")]

    for answer in ask([BAD], question):
        assert "hunter2" not in answer.text
        assert (HOSTILE in answer.text) == (answer.headers["content-type"] == "application/json")
        assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_no_secret_of_a_command_line_is_shown() -> None:
    """Neither what an option calls a token is shown, nor what the command's environment calls one."""
    argv = ("/bin/echo", "s3'same.open", "--token", "s.abcdefghij")
    command = Command(name="x", argv=argv, period=3600, env={"API_TOKEN": "s3'same.open"})

    async def question(client: Client) -> list[Answer]:
        return [await client.get(path) for path in ("/", "/c/x", "/api/v1/commands", "/api/v1/commands/x")]

    answers = ask([command], question)
    assert [200] * 4 == [answer.status for answer in answers]
    assert [] == [word for answer in answers for word in ("same.open", "abcdefghij") if word in answer.text]
    assert "/bin/echo ••• --token •••" == json.loads(answers[-1].text)["command"]


def test_a_run_in_progress_is_shown_as_it_goes() -> None:
    """The page of a command has what is printed before its end."""

    async def question(client: Client) -> str:
        while True:
            answer = await client.get("/c/slow")
            if "so far" in answer.text:
                return answer.text
            await asyncio.sleep(0.02)

    page = ask([SLOW], question)
    assert "no run yet" in page
    assert "Running for" in page


def test_a_run_has_a_page_and_its_output_as_text() -> None:
    """History leads to each run, on the page, as text and as JSON."""

    async def question(client: Client) -> list[Answer]:
        run = client.daemon.runners["bad"].runs[0].id
        paths = (f"/c/bad/runs/{run}", f"/c/bad/runs/{run}/output", f"/api/v1/commands/bad/runs/{run}")
        return [await client.get(path) for path in paths]

    page, text, data = ask([BAD], question)
    assert "code 2" in page.text
    assert f"{HOSTILE}\nred password=•••\n" == text.text
    assert "text/plain; charset=utf-8" == text.headers["content-type"]
    assert (2, text.text) == (json.loads(data.text)["run"]["exit_code"], json.loads(data.text)["output"])


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/c/none",
            "/c/good/runs/1",
            "/c/good/runs/..%2f..%2fx/output",
            "/c/good/runs/1/output",
            "/static/../app.py",
        ),
        *("/api/v1/commands/none", "/api/v1/commands/good/runs/1", "/nowhere", "/static/"),
    ],
)
def test_what_is_not_there_is_a_404(path: str) -> None:
    """Unknown commands, runs and files are refused with a sentence, JSON where JSON was asked."""
    answer: Answer = ask([GOOD], lambda client: client.get(path))
    assert 404 == answer.status
    assert answer.headers["content-type"].startswith(
        "application/json" if path.startswith("/api") else "text/plain"
    )


@pytest.mark.parametrize(
    ("accept", "parse"),
    [("", parse_text), ("application/openmetrics-text; version=1.0.0", parse_openmetrics)],
    ids=["text", "openmetrics"],
)
def test_every_family_is_there_from_the_start(accept: str, parse: Callable[[str], Any]) -> None:
    """Before any run has ended, each command has a value in each family, and both parsers agree."""

    async def question(client: Client) -> str:
        return (await client.get("/metrics", accept=accept)).text

    text = ask([SLOW], question)
    families = {family.name: family for family in parse(text)}
    for name in [gauge[0] for gauge in GAUGES] + [counter[0] for counter in COUNTERS]:
        assert ["slow"] == [sample.labels["command"] for sample in families[name].samples], name
    assert -1 == families["command_exit_code"].samples[0].value
    assert {"command": "slow", "code": "0"} == families["promrun_command_exits"].samples[0].labels
    assert {
        "promrun_command_info",
        "promrun_config_last_reload_successful",
        "process_cpu_seconds",
    } <= families.keys()


def test_what_a_command_writes_is_exposed(tmp_path: Path) -> None:
    """A textfile's samples come with the label of their command; two files of one family are joined."""
    line = "printf '# TYPE drift gauge\\ndrift{a=\"b\"} 3\\n' > $PROM_RUN_TEXTFILE"
    commands = [shell(name, line, textfile=str(tmp_path / name)) for name in ("one", "two")]
    broken = shell("three", "echo '{' > $PROM_RUN_TEXTFILE", textfile=str(tmp_path / "three"))
    text = ask([*commands, broken], lambda client: client.get("/metrics")).text
    assert 1 == text.count("# TYPE drift gauge")
    assert 'drift{a="b",command="one"} 3.0\ndrift{a="b",command="two"} 3.0\n' in text
    assert 'promrun_textfile_success{command="one"} 1.0' in text
    assert 'promrun_textfile_success{command="three"} 0.0' in text


def test_no_textfile_spoils_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where two commands mean two things by one name, the first is shown, the other counted and told once."""

    def writing(name: str, lines: str) -> Command:
        return shell(name, f"printf '{lines}' > $PROM_RUN_TEXTFILE", textfile=str(tmp_path / name))

    commands = [
        writing("first", "# TYPE jobs_total counter\\njobs_total 3\\n"),
        writing("other", "# TYPE jobs_total gauge\\njobs_total 4\\n"),
        writing("openmetrics", "# TYPE build info\\nbuild_info 1\\n# EOF\\n"),
    ]

    async def twice(client: Client) -> Answer:
        await client.get("/metrics")
        return await client.get("/metrics", accept="application/openmetrics-text")

    answer = ask(commands, twice)
    parsed = parse_openmetrics(answer.text)  # type: ignore[no-untyped-call]
    families = {family.name: family for family in parsed}
    assert ["first"] == [sample.labels["command"] for sample in families["jobs"].samples]
    assert {"first": 1.0, "other": 0.0, "openmetrics": 1.0} == {
        sample.labels["command"]: sample.value for sample in families["promrun_textfile_success"].samples
    }
    assert 1 == capsys.readouterr().err.count("jobs_total is of another type in another command's textfile")


def test_the_commit_looked_at_is_a_metric(tmp_path: Path) -> None:
    """The commit of the last run, and when the checkout last moved; none yet is told by a 0."""
    commit = "d" * 40
    (tmp_path / commit).mkdir()
    (tmp_path / "repo").symlink_to(commit)
    commands = [
        shell("diff", "true", checkout=str(tmp_path / "repo")),
        shell("early", "true", checkout="/no/link"),
    ]
    text = ask(commands, lambda client: client.get("/metrics")).text
    assert f'promrun_git_commit_info{{command="diff",commit="{commit}"}} 1.0' in text
    assert 'promrun_git_commit_info{command="early",commit=""} 1.0' in text
    assert 'promrun_git_checkout_timestamp_seconds{command="early"} 0.0' in text
    assert 'promrun_command_spawn_errors_total{command="early"} 1.0' in text


def test_the_link_for_an_alert_is_the_external_one() -> None:
    """With an external URL every address begins with it, and pages answer below its path too."""

    async def question(client: Client) -> list[Answer]:
        return [
            await client.get(path)
            for path in ("/metrics", "/wall/c/good", "/c/good", "/wall/static/page.css")
        ]

    metrics, below, page, sheet = ask([GOOD], question, external_url="https://ops.example/wall/")
    assert 'promrun_command_info{command="good",url="https://ops.example/wall/c/good"} 1.0' in metrics.text
    assert (200, 200, 200) == (below.status, page.status, sheet.status)
    assert '<a id="link" href="https://ops.example/wall/c/good">' in page.text
    assert 'href="/wall/static/page.css"' in page.text


def test_json_tells_what_the_page_tells() -> None:
    """A program finds state, last run and link."""

    async def question(client: Client) -> Any:
        return json.loads((await client.get("/api/v1/commands")).text)

    bad, slow = ask([BAD, SLOW], question, external_url="https://ops.example")
    assert ("bad", 2, "https://ops.example/c/bad", None) == (
        bad["state"],
        bad["last"]["exit_code"],
        bad["url"],
        bad["running"],
    )
    assert ("unknown", None, True) == (slow["state"], slow["last"], slow["running"]["seconds"] >= 0)


def test_the_button_is_for_those_who_may() -> None:
    """Who was let in by name gets a button, and is led back to the page after using it."""

    async def question(client: Client) -> list[Answer]:
        return [
            await client.get("/c/good"),
            await client.get("/c/good", user="alice"),
            await client.get("/-/run?command=good", method="POST", user="alice", accept="text/html"),
            await client.get("/-/run?command=good", method="POST"),
            await client.get("/-/run?command=none", method="POST", user="alice"),
            await client.get("/-/run", user="alice"),
        ]

    nobody, alice, pressed, refused, unknown, read = ask([GOOD], question)
    assert "<button>" not in nobody.text
    assert '<form method="post" action="/-/run?command=good"><button>Run now</button>' in alice.text
    assert (303, "/c/good") == (pressed.status, pressed.headers["location"])
    assert (403, 404, 405) == (refused.status, unknown.status, read.status)


def test_probes_tell_life_and_readiness() -> None:
    """Ready until told to stop; alive while every command is looked after."""

    async def question(client: Client) -> list[int]:
        codes = [(await client.get(path)).status for path in ("/livez", "/readyz")]
        client.daemon.stopping = True
        codes.append((await client.get("/readyz")).status)
        looks_after = client.daemon._tasks["good"]  # noqa: SLF001
        looks_after.cancel()  # as a mistake of ours would end it
        await asyncio.wait({looks_after})
        codes.append((await client.get("/livez")).status)
        return codes

    assert [200, 200, 503, 500] == ask([GOOD], question)


def test_a_version_nobody_knows_is_answered_as_text() -> None:
    """What a client asks for wrongly is no error of ours."""

    async def question(client: Client) -> int:
        return (await client.get("/metrics", accept="application/openmetrics-text; version=x")).status

    assert 200 == ask([GOOD], question)
