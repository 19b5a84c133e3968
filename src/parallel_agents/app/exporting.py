"""Exporting: telemetry of the journal from a process with an engine, if the environment asks for it."""

from __future__ import annotations

import importlib.util
import logging
from typing import TYPE_CHECKING

from parallel_agents.core.store import Store
from parallel_agents.extras import install_line
from parallel_agents.models.certificates import make_context
from parallel_agents.settings import Environment
from parallel_agents.telemetry.options import read_options

if TYPE_CHECKING:
    from parallel_agents.telemetry.exporter import Exporter

_log = logging.getLogger(__name__)


def make_exporter(environment: Environment, store: Store) -> Exporter | None:
    """What exports the journal; None if nothing is to be exported, or the extra is missing.

    Raises:
        ConfigError: a variable cannot be understood.
    """
    options = read_options(environment.variables)
    if options is None:
        return None
    if not _is_installed():
        _log.warning(
            "telemetry is not sent: OTEL_EXPORTER_OTLP_ENDPOINT is set, and the extra otel is"
            " missing; %s, or set OTEL_SDK_DISABLED=true",
            install_line("pagents[otel]"),
        )
        return None
    from parallel_agents.telemetry.exporter import Exporter  # noqa: PLC0415 - of an extra

    variables = dict(environment.variables)
    if options.certificate:
        variables["SSL_CERT_FILE"] = options.certificate
    return Exporter(store, environment.home, options, make_context(variables))


def _is_installed() -> bool:
    try:
        return importlib.util.find_spec("opentelemetry.proto.trace") is not None
    except ModuleNotFoundError:
        return False
