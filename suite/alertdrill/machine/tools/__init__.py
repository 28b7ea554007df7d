"""Where programs come from: PATH, Debian packages, Go modules; chosen by looking, with the reason said."""

from alertdrill.machine.tools.programs import Found, amtool, find, kind, kubectl, prometheus, promtool

__all__ = ["Found", "amtool", "find", "kind", "kubectl", "prometheus", "promtool"]
