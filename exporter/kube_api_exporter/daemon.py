"""The exporter as a daemon: it reads while it is still getting ready to serve."""

from pathlib import Path

from exporter_kit import listen
from exporter_kit.api.client import ApiClient
from exporter_kit.api.place import Place
from exporter_kit.web.live import LiveConfig
from kube_api_exporter.exporter import Exporter
from kube_api_exporter.options import Options


def run(place: Place, options: Options, *, listen_address: str, web_config: Path | None) -> None:
    """Serve until told to stop; what the user got wrong is an error before anything is read."""
    exporter = Exporter(ApiClient(place, user_agent="kube-api-exporter"), options)
    live, sockets = LiveConfig(web_config), listen.bind(listen_address)
    exporter.own.web_config_ok = lambda: not live.refused
    exporter.start()
    # A third of a start is loading these: meanwhile the API server answers the readers.
    from exporter_kit.web import server as web  # noqa: PLC0415
    from kube_api_exporter import app  # noqa: PLC0415

    web.Server(app.create(exporter), sockets, live=live).run()
