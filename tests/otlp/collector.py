"""A collector of OpenTelemetry's, as far as spans go, and an app that is asked who is asking."""

import http.server
import json
import threading
import time

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

DEADLINE = 20
KINDS = {Span.SPAN_KIND_SERVER: "server", Span.SPAN_KIND_CLIENT: "client", Span.SPAN_KIND_INTERNAL: "internal"}
STATUSES = {Status.STATUS_CODE_UNSET: "unset", Status.STATUS_CODE_OK: "ok", Status.STATUS_CODE_ERROR: "error"}


def wait_for(what, value):
    """The first value that is something."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        found = value()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen in time")


class Server:
    """On a free port of 127.0.0.1, until it is closed."""

    def __init__(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                answer(self, body)

            do_GET = do_POST = do

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def answer(handler, status, body=b"", headers=()):
    handler.send_response(status)
    for name, value in headers:
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


class App(Server):
    """Says that everybody is `user`."""

    def __init__(self, user):
        self.requests = []

        def say(handler, _):
            self.requests.append(handler.headers)
            body = json.dumps({"user": {"id": user}}).encode()
            answer(handler, 200, body, [("Content-Type", "application/json")])

        super().__init__(say)


class Collector(Server):
    """Keeps what it is sent, and answers as it is told at the moment."""

    def __init__(self):
        self.bodies, self.heads, self.behave, self._released = [], [], self.take, threading.Event()
        super().__init__(lambda handler, body: self.behave(handler, body))

    def close(self):
        self._released.set()
        super().close()

    def take(self, handler, body):
        self.heads.append((handler.path, handler.headers))
        self.bodies.append(body)
        answer(handler, 200, b"", [("Content-Type", "application/x-protobuf")])

    def fail(self, handler, _):
        self.heads.append((handler.path, handler.headers))
        answer(handler, 500, b"M4rk3r of the collector\n\x1b[2J")

    def babble(self, handler, _):
        self.heads.append((handler.path, handler.headers))
        handler.wfile.write(b"SSH-2.0-OpenSSH\r\n")
        handler.close_connection = True

    def hang(self, handler, _):
        self.heads.append((handler.path, handler.headers))
        self._released.wait()
        handler.close_connection = True

    def flood(self, handler, _):
        """Takes it, and does not stop answering."""
        self.heads.append((handler.path, handler.headers))
        handler.send_response(200)
        handler.send_header("Content-Length", str(1 << 40))
        handler.end_headers()
        try:
            while not self._released.is_set():
                handler.wfile.write(b"\xff" * 65536)
        except OSError:
            pass
        handler.close_connection = True

    def spans(self):
        found = []
        for body in list(self.bodies):
            request = ExportTraceServiceRequest()
            try:
                request.ParseFromString(body)
            except DecodeError as error:
                raise AssertionError("this is not OTLP") from error
            for resource in request.resource_spans:
                for scope in resource.scope_spans:
                    found += [Seen(span, resource.resource) for span in scope.spans]
        return found

    def span(self, name):
        """The one of this name, once it is there."""
        return wait_for(f"a span {name}", lambda: [span for span in self.spans() if span.name == name])[-1]


def attributes(pairs):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


class Seen:
    """A span as it came."""

    def __init__(self, span, resource):
        self.name, self.kind = span.name, KINDS[span.kind]
        self.trace_id, self.span_id, self.parent_id = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
        self.state, self.status, self.message = span.trace_state, STATUSES[span.status.code], span.status.message
        self.began, self.ended = span.start_time_unix_nano, span.end_time_unix_nano
        self.attributes, self.resource = attributes(span.attributes), attributes(resource.attributes)
        self.events = len(span.events) + len(span.links)
