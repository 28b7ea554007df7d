"""Stage 3, the control plane's images, under the names that kubeadm asks for."""

import json
import tempfile
from pathlib import Path

from alertdrill.machine import cache, process
from alertdrill.machine.images import archive
from alertdrill.machine.nodeimage import program
from alertdrill.machine.tools import debian

# What kube-proxy calls, and the C library it needs; the other images are static programs and nothing else.
PROXY_PACKAGES = (
    "conntrack",
    "iptables",
    "libc6",
    "libedit2",
    "libbsd0",
    "libmd0",
    "libgmp10",
    "libip4tc2",
    "libip6tc2",
    "libjansson4",
    "libmnl0",
    "libnetfilter-conntrack3",
    "libnfnetlink0",
    "libnftables1",
    "libnftnl11",
    "libtinfo6",
    "libxtables12",
    "nftables",
)
MERGED = ("bin", "lib", "lib64", "sbin")
IPTABLES = (
    "iptables",
    "iptables-restore",
    "iptables-save",
    "ip6tables",
    "ip6tables-restore",
    "ip6tables-save",
)


def built(programs: Path) -> Path:
    """Return a folder with `layer.tar` (the images' archive, and the programs) and `names.json`.

    `names.json` is {short name: name with tag}.
    """
    key = cache.digest("1", Path(__file__), Path(archive.__file__), str(programs), *PROXY_PACKAGES)
    return cache.entry("node-images", key, lambda folder: _build(programs, folder))


def _build(programs: Path, folder: Path) -> None:
    names = _names(programs)
    (folder / "names.json").write_text(json.dumps(names, indent=2))
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        images = Path(temporary) / "images.tar"
        with images.open("wb") as stream:
            archive.write(stream, _images(names, programs, Path(temporary)))
        members: dict[str, archive.Source] = {
            "kind/images/control-plane.tar": images,
            "usr/bin/node": programs / "node",
            **{f"usr/bin/{name}": archive.Link("node") for name in ("kubeadm", "kubectl", "kubelet")},
        }
        archive.pack(folder / "layer.tar", members)


def _images(names: dict[str, str], programs: Path, folder: Path) -> list[archive.Saved]:
    _write_programs(programs, folder / "programs.tar")
    _write_proxy(folder / "proxy.tar")
    _write_pause(programs, folder / "pause.tar")
    shared, proxy, pause = (
        archive.Layer.of(folder / f"{name}.tar") for name in ("programs", "proxy", "pause")
    )
    layers = {"kube-proxy": (shared, proxy), "pause": (pause,)}
    return [
        archive.Saved(
            names=(name,),
            layers=layers.get(short, (shared,)),
            config={
                "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
                "Entrypoint": [f"/usr/local/bin/{short}"],
                "User": "65535:65535" if short == "pause" else "",
            },
        )
        for short, name in names.items()
    ]


def _names(programs: Path) -> dict[str, str]:
    argv: list[str | Path] = [
        programs / "kubeadm",
        "config",
        "images",
        "list",
        f"--kubernetes-version={program.KUBERNETES}",
    ]
    said = process.run("asking kubeadm which images it wants", argv, timeout=60)
    return {line.rpartition("/")[2].partition(":")[0]: line for line in said.split()}


def _write_programs(programs: Path, path: Path) -> None:
    members: dict[str, archive.Source] = {
        "tmp": archive.SharedFolder(),
        "usr/local/bin/node": programs / "node",
        **{f"usr/local/bin/{name}": archive.Link("node") for name in program.NAMES},
    }
    archive.pack(path, members)


def _write_pause(programs: Path, path: Path) -> None:
    archive.pack(path, {"usr/local/bin/pause": programs / "pause"})


def _is_kept(name: str) -> bool:
    """Say whether a file is as the package has it: which iptables is meant, Debian asks the administrator."""
    return name.rpartition("/")[2] not in IPTABLES


def _write_proxy(path: Path) -> None:
    """Write the packages as Debian installs them today: all of it below /usr, and which iptables is meant."""
    root = debian.fetch(PROXY_PACKAGES, suite=debian.NODE)
    members: dict[str, archive.Source] = {}
    for part in MERGED:
        members[part] = archive.Link(f"usr/{part}")
        for place in (root / part, root / "usr" / part):
            members |= archive.tree(place, below=f"usr/{part}/", keep=_is_kept)
    members |= {f"usr/sbin/{name}": archive.Link("xtables-nft-multi") for name in IPTABLES}
    archive.pack(path, members)
