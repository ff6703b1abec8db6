"""GraphQL and SOAP services, for which ZAP's add-ons `graphql` and `soap` make requests."""

from __future__ import annotations

import dataclasses
import shutil
from functools import partial
from typing import Any

from sdlc.errors import ToolFailed, ToolMissing
from sdlc.target import Target
from sdlc_gates._zap.files import named
from sdlc_gates._zap.options import GraphQL, Soap, ZapOptions
from sdlc_gates._zap.rules import addons
from sdlc_gates._zap.scan import Scan


def routed(target: Target, options: ZapOptions) -> Target:
    """The target with the endpoints of its services among the routes that must answer."""
    endpoints = [service.endpoint for service in (options.graphql, options.soap) if service and service.endpoint]
    return dataclasses.replace(target, routes=(*target.routes, *(f"POST {path}" for path in endpoints)))


def sow(scan: Scan) -> tuple[str, ...]:
    """Have ZAP ask what the services describe; a note on each.

    Raises `ToolMissing` without the add-on, `ToolFailed` when it asked nothing, `ConfigError` for a file that isn't there.
    """
    services = [service for service in (scan.options.graphql, scan.options.soap) if service]
    return tuple(_imported(scan, service) for service in services)


def _imported(scan: Scan, service: GraphQL | Soap) -> str:
    name = "graphql" if isinstance(service, GraphQL) else "soap"
    if name not in addons(scan.api):
        raise ToolMissing(f"this ZAP can't read {name} definitions", fix=f"install the ZAP add-on {name}")
    before = scan.messages()
    if isinstance(service, GraphQL):
        scan.api.do(partial(_graphql, endpoint=scan.target.url + service.endpoint, source=_source(scan, service.schema)))
    else:
        scan.api.do(partial(_soap, source=_source(scan, service.wsdl)))
    asked = scan.messages() - before
    if asked <= 0:
        raise ToolFailed(f"ZAP's {name} import asked the target nothing", fix="see whether the definition can be reached")
    return f"ZAP's add-on {name} made {asked} requests from the definition"


def _source(scan: Scan, definition: str) -> str:
    """Where ZAP finds a definition: its address, or a copy of the project's file; empty for none."""
    if not definition or definition.startswith("/"):
        return definition and scan.target.url + definition
    copy = scan.daemon.inputs / "definitions" / definition
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(named(scan.work.root, definition), copy)
    return str(copy)


def _graphql(zap: Any, endpoint: str, source: str) -> object:
    if source.startswith("/"):
        return zap.graphql.import_file(endpoint, source)
    return zap.graphql.import_url(endpoint, source or None)


def _soap(zap: Any, source: str) -> object:
    return zap.soap.import_file(source) if source.startswith("/") else zap.soap.import_url(source)
