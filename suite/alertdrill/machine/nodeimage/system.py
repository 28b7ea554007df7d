"""Stage 2, the root file system: a Debian with systemd, containerd and what a kubelet calls."""

from pathlib import Path

from alertdrill.machine.tools import debian, file_system

PACKAGES = (
    "ca-certificates",
    "conntrack",
    "containerd",
    "containernetworking-plugins",
    "dbus",
    "ethtool",
    "hostname",
    "iproute2",
    "iptables",
    "jq",
    "kmod",
    "libseccomp2",
    "mount",
    "nftables",
    "procps",
    "runc",
    "socat",
    "systemd",
    "systemd-sysv",
    "util-linux",
)


def built() -> Path:
    """Return the file system as a tar."""
    return file_system.built(PACKAGES, suite=debian.NODE)
