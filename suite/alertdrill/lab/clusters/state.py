"""What is known of the clusters we made: one small record per lab, written before anything is started."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from alertdrill.machine import cache


@dataclass(frozen=True, kw_only=True)
class Record:
    """That a cluster of this lab is ours; `digest` tells whether it is still what is asked for."""

    flavour: str
    reason: str
    digest: str = ""
    kubeconfig: str = ""  # of a cluster that is not ours, so that it can be found again
    context: str = ""
    private_engine: bool | None = None  # not known before one was found
    begun: bool = False  # whether a cluster of that name may be there by our doing
    complete: bool = False
    loaded: list[str] = field(default_factory=list)  # image archives the nodes have had

    @property
    def is_of_the_lost(self) -> bool:
        """Say whether it is of a cluster that was found again: what that was made with is not known."""
        return self.begun and not self.digest


def folder(name: str) -> Path:
    """Return the lab's folder; it may not be there."""
    return cache.folder() / "labs" / name


def kubeconfig(name: str) -> Path:
    """Return where the lab's kubeconfig is, readable by its owner only."""
    return folder(name) / "kubeconfig"


def kind_config(name: str) -> Path:
    """Return the file that stands on kind's command line while it creates the lab's cluster."""
    return folder(name) / "kind.yaml"


def kind_script(name: str) -> Path:
    """Return where kind with its environment is a program of its own, while somebody needs that."""
    return folder(name) / "kind"


def read(name: str) -> Record | None:
    """Return the lab's record; one that can't be read counts as none."""
    try:
        return Record(**json.loads(_file(name).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write(name: str, record: Record) -> None:
    """Keep the record, whole or not at all."""
    cache.write_whole(_file(name), json.dumps(asdict(record), indent=2), mode=0o600)


def forget(name: str) -> None:
    """Remove what this package keeps of a lab; its folder goes with the last file in it."""
    for file in (kubeconfig(name), kind_config(name), kind_script(name), _file(name)):
        file.unlink(missing_ok=True)
    home = folder(name)
    if home.is_dir() and not any(home.iterdir()):
        home.rmdir()


def others(name: str, flavours: frozenset[str]) -> list[str]:
    """Return the names of all other labs of these flavours, half-made ones among them."""
    labs = sorted(file.parent.name for file in _file(name).parents[1].glob(f"*/{_file(name).name}"))
    return [lab for lab in labs if lab != name and (record := read(lab)) and record.flavour in flavours]


def _file(name: str) -> Path:
    return folder(name) / "cluster.json"
