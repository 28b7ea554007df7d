"""What a pod said is kept, whatever becomes of the stream by which it came."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alertdrill.clock import WallClock, wait_for
from alertdrill.errors import LabError
from alertdrill.play import pod_logs
from alertdrill.testing.kube import FakeKube


class Stream:
    """A log that ends after what it has."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks

    def stream(self, _size: int) -> Iterator[bytes]:
        """Yield it."""
        yield from self.chunks


class Logs(FakeKube):
    """A pod of one container, whose log is asked for again and again."""

    def __init__(self, state: str, *answers: Stream | LabError) -> None:
        container = {"name": "app", "restartCount": 0, "containerID": "a", "state": {state: {}}}
        pod = {"metadata": {"name": "web"}, "status": {"containerStatuses": [container]}}
        super().__init__(lambda _resource: [pod])
        self.answers = list(answers)

    def open(self, *_: object, **__: object) -> Any:
        """Answer the next, and the last of them for ever."""
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, LabError):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("state", "answers", "kept"),
    [
        ("running", (Stream(b"one\n"), LabError("no kubelet"), Stream(b"one\n", b"two\n")), b"one\ntwo\n"),
        ("terminated", (Stream(b"one\n"), Stream(b"other\n")), b"one\n"),
        (
            "running",
            (Stream(b"[one]\n"), LabError("no kubelet")),
            b"[one]\n\n[alertdrill: the log ends here: no kubelet]\n",
        ),
    ],
    ids=[
        "a stream that breaks is begun anew",
        "one that has ended is not",
        "what came is kept, and why no more",
    ],
)
def test_a_log_is_kept(
    state: str,
    answers: tuple[Stream | LabError, ...],
    kept: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As far as it came."""
    monkeypatch.setattr(pod_logs, "LOOK_EVERY_SECONDS", 0.01)
    file = tmp_path / "web" / "app.0.log"
    with pod_logs.Collector(Logs(state, *answers), "drill-a") as logs:

        def is_there() -> bool:
            logs.write(tmp_path)
            return file.exists() and file.read_bytes() == kept

        wait_for("the log", is_there, deadline=10, clock=WallClock(), every=0.02)
        WallClock().sleep(0.1)  # some looks more
        logs.write(tmp_path)
    assert kept == file.read_bytes()
