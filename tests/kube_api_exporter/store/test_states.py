"""A pod's state changes: what of its page is laid and compressed anew."""

from pathlib import Path
from typing import Any

import msgspec
import yaml

from kube_api_exporter import kinds
from kube_api_exporter.render.renderer import Renderer, Seen
from kube_api_exporter.render.shapes import Schemas
from kube_api_exporter.store.store import Store
from kube_api_exporter.telling import Tell

STATES = Path(__file__).parents[3] / "fixtures" / "objects" / "states"


def put(store: Store, renderer: Renderer, pod: dict[str, Any]) -> None:
    """Put a pod into the store as its reader does."""
    seen = renderer.of_json(msgspec.json.encode(pod))
    assert isinstance(seen, Seen)
    store.put(seen.key, seen.ident, renderer.render(seen))


def test_a_change_of_state_dirties_only_what_changed() -> None:
    """A container that waits for another reason: one family is new, all others keep theirs."""
    pod = yaml.safe_load((STATES / "pod_out_of_memory.yaml").read_text())
    document = msgspec.json.encode(yaml.safe_load((STATES / "schemas.yaml").read_text()))
    kind = kinds.of_object(pod)
    renderer = Renderer(
        kind, shape=Schemas.parse(document).of_kind(kind.group, kind.version, kind.kind), tell=Tell()
    )
    store = Store()
    for index in range(5):
        put(store, renderer, {**pod, "metadata": {**pod["metadata"], "name": f"web-{index}"}})
    before = store.snapshot()
    pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] = "ImagePullBackOff"
    put(store, renderer, pod)
    after = store.snapshot()
    assert before.keys() == after.keys()
    assert ["k8s_pod_status_state_waiting_reason"] == [
        family for family in before if before[family][0] is not after[family][0]
    ]
