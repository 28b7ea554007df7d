"""Where the command line says the API server is, read into access to it each time it is asked."""

from dataclasses import dataclass
from pathlib import Path

from exporter_kit.api.access import Access
from exporter_kit.api.errors import CredentialsError


@dataclass(frozen=True)
class Place:
    """What the command line says of the API server. Nothing is: the service account of the pod we run in."""

    kubeconfig: Path | None = None
    context: str | None = None
    server: str | None = None
    token_file: Path | None = None
    ca_file: Path | None = None

    def access(self) -> Access:
        """Read it now; CredentialsError says what can't be read."""
        if self.kubeconfig and (self.server or self.token_file or self.ca_file):
            raise CredentialsError(
                "--kubeconfig says where the API server is; leave --server and its files out"
            )
        # YAML is a tenth of a second that a pod with a service account never needs.
        if self.kubeconfig:
            from exporter_kit.api import kubeconfig as api_kubeconfig  # noqa: PLC0415

            return api_kubeconfig.load(self.kubeconfig, self.context)
        from exporter_kit.api import account as api_account  # noqa: PLC0415

        return api_account.load(self.server, self.token_file, self.ca_file)
