"""Drift as it comes about in life, from `seeds/`: what is in git, what is done to it, what must be told."""

import copy
import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]
FOLDER = Path(__file__).parent / "seeds"
KINDS: dict[str, Object] = {
    each["kind"].lower(): each for each in yaml.safe_load_all((FOLDER / "objects.yaml").read_text())
}


@dataclass(frozen=True)
class Seed:
    """One drift, on an object of its own."""

    name: str
    kind: str
    told: list[str]
    by: str = ""
    do: str = ""
    patch: list[Object] = field(default_factory=list)
    merge: Object = field(default_factory=dict)
    git: Object = field(default_factory=dict)

    @property
    def before(self) -> Object:
        """The manifest as it was applied."""
        found = copy.deepcopy(KINDS[self.kind])
        found["metadata"]["name"] = self.name
        return found

    @property
    def after(self) -> Object:
        """The manifest as git has it now."""
        found = self.before
        if self.git:
            _change(found, self.git)
        return found

    @property
    def title(self) -> str:
        """As outcomes name it."""
        return f"{KINDS[self.kind]['kind']} {self.name}"

    @property
    def words(self) -> list[str]:
        """What kubectl is told, [] where nobody does anything to the cluster."""
        it = f"{self.kind}/{self.name}"
        if self.patch:
            return ["patch", it, "--type=json", f"-p={json.dumps(self.patch)}"]
        if self.merge:
            return ["patch", it, "--type=merge", f"-p={json.dumps(self.merge)}"]
        return shlex.split(self.do.replace("{it}", it))


def _change(found: Any, change: Object) -> None:
    """Do to a manifest what a JSON patch says."""
    *steps, last = change["path"].split("/")[1:]
    for step in steps:
        found = found[int(step) if isinstance(found, list) else step]
    at = int(last) if isinstance(found, list) else last
    if change["op"] == "remove":
        del found[at]
    else:
        found[at] = change["value"]


_READ = yaml.safe_load((FOLDER / "seeds.yaml").read_text())
DONE, COMMITTED, TAKEN_AWAY, BESIDE = (
    [Seed(**each) for each in _READ[group]] for group in ("done", "committed", "taken_away", "beside")
)
EVERY = [*DONE, *COMMITTED, *TAKEN_AWAY, *BESIDE]
