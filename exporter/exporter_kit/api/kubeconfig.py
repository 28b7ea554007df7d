"""Access by a kubeconfig: the official client reads it, and only that."""

import warnings
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from kubernetes import config as official
from kubernetes.client import Configuration
from kubernetes.config import ConfigException
from urllib3.exceptions import InsecureRequestWarning

from exporter_kit import log
from exporter_kit.api.access import Access, proxy_for, tls
from exporter_kit.api.errors import CredentialsError


def load(kubeconfig: Path, context: str | None = None) -> Access:
    """Read a kubeconfig file and one of its contexts, the current one unless another is named."""
    configuration = Configuration()
    untyped: Any = official
    try:
        untyped.load_kube_config(
            str(kubeconfig), context=context, client_configuration=configuration, persist_config=False
        )
    except ConfigException as error:
        raise CredentialsError(
            f"reading kubeconfig {kubeconfig}: {error}; check the file and its current-context"
        ) from error
    except (OSError, yaml.YAMLError, TypeError, KeyError, AttributeError, ValueError) as error:
        raise CredentialsError(f"reading kubeconfig {kubeconfig}: it is not a kubeconfig: {error}") from error
    pool, proxy = _pool(configuration), _proxy(configuration)
    return Access(configuration.host, lambda: _headers(configuration), pool, proxy)


def _headers(configuration: Configuration) -> dict[str, str]:
    try:
        auth = configuration.auth_settings()
    except (OSError, ConfigException) as error:
        raise CredentialsError(f"reading the token again: {error}") from error
    bearer: Any = auth.get("BearerToken")
    # A file's last line end, or a block of YAML's, is no part of a token.
    token = str(bearer["value"]).strip() if bearer and bearer["value"] else ""
    if not (token.isascii() and token.isprintable()):
        raise CredentialsError("reading the token of the kubeconfig: it holds what no header can")
    found: dict[str, str] = {bearer["key"]: token} if token else {}
    if configuration.username:
        found["authorization"] = configuration.get_basic_auth_token() or ""
    return found


def _proxy(configuration: Configuration) -> str | None:
    """Return the proxy of the kubeconfig or the environment, unless NO_PROXY names the host."""
    host = urlsplit(configuration.host).hostname or ""
    return proxy_for(host, configuration.proxy, configuration.no_proxy)


def _pool(configuration: Configuration) -> dict[str, Any]:
    """Translate the TLS settings into urllib3's words."""
    if not configuration.verify_ssl:
        warnings.simplefilter("ignore", InsecureRequestWarning)  # said once, here, not at every request
        log.get().warning("the API server's certificate is not verified", host=configuration.host)
    context = tls(
        configuration.ssl_ca_cert,
        verified=configuration.verify_ssl,
        cert_file=configuration.cert_file,
        key_file=configuration.key_file,
    )
    names = {
        "server_hostname": configuration.tls_server_name,
        "assert_hostname": configuration.assert_hostname,
    }
    return {"ssl_context": context, **{key: value for key, value in names.items() if value is not None}}
