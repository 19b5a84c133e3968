"""Connection: an HTTP connection of the gateway, on which even what is not a request gets a problem document."""

from __future__ import annotations

from http import HTTPStatus

import h11
import orjson
from typing_extensions import override

from parallel_agents.errors import BadRequest
from parallel_agents.surfaces.gateway.problems import TYPE, problem_of
from parallel_agents.surfaces.http.connection import BoundedConnection

_STATUS = HTTPStatus.BAD_REQUEST


class GatewayConnection(BoundedConnection):
    """The connection of a client; it is closed after what is not a request."""

    @override
    def send_400_response(self, msg: str) -> None:
        error = BadRequest(
            "the request cannot be read",
            why="it is not HTTP, or its address and headers are longer than 64 kB",
            hint="send long texts in the body of a POST",
        )
        body = orjson.dumps(problem_of(error, _STATUS))
        headers = [
            ("content-type", TYPE),
            ("content-length", str(len(body))),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("connection", "close"),
        ]
        answer = h11.Response(status_code=_STATUS.value, headers=headers, reason=_STATUS.phrase)
        for event in (answer, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
