"""What the binary with the feature `otlp` sends to a collector: which spans, in which trace, and nothing secret."""

import base64
import hashlib
import hmac
import json
import re
import time
import unittest

from collector import App, Collector, wait_for
from service import SECRETS, TRUSTING, Redis, Service

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED, NOT_SAMPLED = f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00"
USER = "u-Subj3ctThatNobodyMayExport"


def introspect(app):
    return f'[introspect]\nurl = "{app.url}/api/session?v=Qu3ry"\ncookies = ["session"]\nsubject = "/user/id"\ncache = "0s"\n'


def traces(collector, *lines):
    return "\n".join(["[traces]", f'endpoint = "{collector.url}/v1/traces"', *lines, ""])


class Spans(unittest.TestCase):
    def setUp(self):
        self.collector, self.app = Collector(), App(USER)
        self.addCleanup(self.collector.close)
        self.addCleanup(self.app.close)

    def serve(self, server="", *lines, sections="", **others):
        service = Service(server, traces(self.collector, *lines) + (sections or introspect(self.app)), **others)
        self.addCleanup(service.close)
        return service

    def sharing(self, server=""):
        """With a Redis, in which revocations are."""
        redis = Redis()
        self.addCleanup(redis.close)
        url = f"redis://:{SECRETS['redis']}@127.0.0.1:{redis.port}"
        store = '[store]\nredis = { env = "REDIS" }\n'
        service = self.serve(server, sections=introspect(self.app) + store, environment={"REDIS": url})
        wait_for("the store", lambda: service.ask("/readyz")[0] == 200)
        return service, redis

    def test_a_trace_of_a_trusted_proxy_goes_on_with_everything_below_the_request(self):
        service, _ = self.sharing(TRUSTING)
        headers = {"traceparent": SAMPLED, "tracestate": "vendor=1,other=2", "X-Request-Id": "from-the-proxy"}
        status, answer, _ = service.renew(headers)
        self.assertEqual((status, answer["X-Request-Id"]), (200, "from-the-proxy"))
        request = self.collector.span("POST /renew")
        self.assertEqual((request.kind, request.trace_id, request.parent_id), ("server", TRACE, SPAN))
        self.assertEqual(request.state, "vendor=1,other=2")
        below = [span for span in self.collector.spans() if span.trace_id == TRACE and span is not request]
        below = {span.name: span for span in below if span.name != "POST /renew"}
        self.assertEqual(sorted(below), ["introspect", "redis", "sign"])
        for span in below.values():
            self.assertEqual(span.parent_id, request.span_id, span.name)
            self.assertTrue(request.began <= span.began <= span.ended <= request.ended, span.name)
        self.assertEqual({name: span.kind for name, span in below.items()},
                         {"introspect": "client", "redis": "client", "sign": "internal"})
        # The app's part of the trace is to hang below the request that it was asked with.
        [asked] = self.app.requests
        self.assertEqual(asked["traceparent"], f"00-{TRACE}-{below['introspect'].span_id}-01")
        self.assertEqual(asked["tracestate"], "vendor=1,other=2")
        # A line of the log leads to the span.
        for line in service.lines("from-the-proxy"):
            self.assertEqual((line["trace_id"], line["span_id"]), (TRACE, request.span_id))
        service.stop()

    def test_a_span_says_this_and_nothing_else(self):
        service, _ = self.sharing(TRUSTING)
        service.renew()
        expected = {
            "POST /renew": {"http.request.method": "POST", "http.route": "/renew", "http.response.status_code": 200},
            "introspect": {"http.request.method": "GET", "http.response.status_code": 200},
            "redis": {"db.system.name": "redis", "db.operation.name": "MGET"},
            "sign": {"edgemint.grant": "downloads"},
        }
        for name, said in expected.items():
            span = self.collector.span(name)
            self.assertEqual(span.attributes, said, name)
            self.assertEqual((span.status, span.message, span.events), ("unset", "", 0), name)
        resource = self.collector.span("sign").resource
        self.assertEqual((resource["service.name"], resource["telemetry.sdk.language"]), ("edgemint", "rust"))
        self.assertRegex(resource["service.version"], r"^\d+\.\d+\.\d+$")
        service.stop()

    def test_a_strangers_trace_begins_anew(self):
        for server in ["", 'trusted_proxies = ["10.0.0.0/8"]']:
            service = self.serve(server)
            headers = {"traceparent": SAMPLED, "tracestate": "vendor=1", "X-Forwarded-For": "10.0.0.1"}
            for _ in range(2):
                self.assertEqual(service.renew(headers)[0], 200)
            requests = wait_for("two requests", lambda: self.two_renewals())
            self.assertEqual(len({span.trace_id for span in requests}), 2, "each is a trace of its own")
            for span, asked in zip(requests, self.app.requests[-2:]):
                self.assertNotEqual(span.trace_id, TRACE)
                self.assertEqual((span.parent_id, span.state), ("", ""))
                self.assertNotIn("tracestate", asked)
            told = {re.fullmatch("00-([0-9a-f]{32})-[0-9a-f]{16}-01", asked["traceparent"]).group(1)
                    for asked in self.app.requests[-2:]}
            self.assertEqual(told, {span.trace_id for span in requests})
            logged = {line["trace_id"] for line in service.lines('"minted"')}
            self.assertEqual(logged, told)
            service.stop()
            self.collector.bodies.clear()

    def two_renewals(self):
        found = [span for span in self.collector.spans() if span.name == "POST /renew"]
        return len(found) == 2 and found

    def test_who_began_a_trace_says_whether_it_is_sent(self):
        service = self.serve(TRUSTING, "ratio = 0")
        service.renew()
        service.renew({"traceparent": NOT_SAMPLED})
        service.renew({"traceparent": SAMPLED.replace(SPAN, SPAN[::-1])})
        service.stop()
        sent = {span.trace_id for span in self.collector.spans()}
        self.assertEqual(sent, {TRACE}, "what begins here is not sent at a ratio of 0")
        self.assertEqual({span.parent_id for span in self.collector.spans() if span.name == "POST /renew"}, {SPAN[::-1]})
        # What is not sent goes on all the same, and says that it is not.
        flags = [asked["traceparent"][-2:] for asked in self.app.requests]
        self.assertEqual(flags, ["00", "00", "01"])
        self.assertEqual(len(service.lines('"trace_id"')), 6, "three renewals of two grants")

        self.collector.bodies.clear()
        service = self.serve(TRUSTING, "ratio = 1.0")
        service.renew({"traceparent": NOT_SAMPLED})
        service.renew({"traceparent": NOT_SAMPLED[:-2] + "02"})
        service.renew()
        service.stop()
        self.assertNotIn(TRACE, {span.trace_id for span in self.collector.spans()})
        self.assertEqual(len([span for span in self.collector.spans() if span.name == "POST /renew"]), 1)

    def test_a_part_of_all_is_about_that_part(self):
        service = self.serve("", "ratio = 0.25")
        for _ in range(400):
            service.ask("/healthz")
        service.stop()
        sent = len(self.collector.spans())
        # The chance of more or fewer is below one in a million.
        self.assertTrue(50 < sent < 160, sent)

    def test_what_fails_and_what_is_refused(self):
        service, redis = self.sharing()
        redis.close()
        wait_for("the end of the store", lambda: service.ask("/readyz")[0] == 503)
        self.assertEqual(service.renew()[0], 503)
        failed = self.collector.span("POST /renew")
        self.assertEqual(failed.attributes["error.type"], "store_unavailable")
        self.assertEqual(failed.attributes["edgemint.code"], "store_unavailable")
        self.assertEqual((failed.status, failed.attributes["http.response.status_code"]), ("error", 503))
        asked = self.collector.span("redis")
        self.assertEqual((asked.status, asked.attributes["error.type"], asked.parent_id),
                         ("error", "unreachable", failed.span_id))
        self.collector.bodies.clear()
        for path, method, name, code in [
            (f"/{USER}?q={USER}", "GET", "GET", "not_found"),
            (f"/enter?ticket={USER}", "GET", "GET /enter", "query_refused"),
            ("/renew", f"X{USER}", "HTTP /renew", "method_not_allowed"),
            ("/v1/mint", "POST", "POST /v1/mint", "api_key_refused"),
        ]:
            status, _, body = service.ask(path, method=method)
            code = json.loads(body)["code"] if code == "query_refused" else code
            span = self.collector.span(name)
            self.assertEqual((json.loads(body)["code"], span.attributes["edgemint.code"]), (code, code))
            self.assertTrue(400 <= status < 500)
            self.assertEqual((span.status, "error.type" in span.attributes), ("unset", False), name)
        self.assertEqual(self.collector.span("HTTP /renew").attributes["http.request.method"], "_OTHER")
        service.stop()
        for body in self.collector.bodies:
            self.assertNotIn(USER.encode(), body)

    def test_nothing_secret_is_sent(self):
        ticket = '[ticket]\nissuer = "app"\naudience = "edgemint"\n[[ticket.keys]]\nalgorithm = "HS256"\n'
        ticket += 'secret = { env = "SESSION" }\n[session]\nsecrets = [{ env = "SESSION" }]\n'
        service = self.serve(TRUSTING, sections=ticket)
        token = sign({"iss": "app", "aud": "edgemint", "sub": USER, "jti": "J1tiThatNobodyMayExport"})
        marks = {"X-Forwarded-For": "203.0.113.77", "User-Agent": "Ag3ntThatNobodyMayExport", "Referer": "http://R3ferer"}
        status, headers, _ = service.ask(f"/enter?ticket={token}&return_to=/R3turnTo", marks)
        self.assertEqual(status, 303)
        set_cookies = [cookie.split(";")[0] for cookie in headers.get_all("Set-Cookie")]
        session = next(cookie for cookie in set_cookies if cookie.startswith("__Host-edgemint="))
        self.assertEqual(service.renew(marks, session)[0], 200)
        status, _, body = service.mint(["downloads"], subject=USER, claims={"a": "Cl4imThatNobodyMayExport"})
        self.assertEqual(status, 200)
        service.renew({"Cookie": "a=b"})
        service.ask(f"/{USER}/P4th?Qu3ry", marks)
        service.stop()
        self.assertGreaterEqual(len(self.collector.spans()), 5)
        values = [cookie.split("=", 1)[1] for cookie in set_cookies if not cookie.endswith("=KTEST")]
        values += [value for grant in json.loads(body)["grants"] for value in grant["cookies"].values() if value != "KTEST"]
        parts = ["J1ti", "203.0.113.77", "127.0.0.1", "Ag3nt", "R3ferer", "R3turnTo", "Cl4im", "P4th", "Qu3ry", "BEGIN"]
        # What deletes a cookie sets it to nothing.
        values = [value for value in values if value]
        self.assertGreaterEqual(len(values), 6)
        for secret in [USER, token, *token.split("."), *SECRETS.values(), *values, *parts]:
            for sent in self.collector.bodies:
                self.assertNotIn(secret.encode(), sent)

    def test_spans_go_in_batches_with_the_headers_of_the_environment(self):
        key = "K3yOfTheCollector-in-this-test-alone"
        environment = {"OTEL_EXPORTER_OTLP_TRACES_HEADERS": f"api-key={key}", "RUST_LOG": "trace"}
        service = self.serve(environment=environment)
        for _ in range(300):
            service.ask("/healthz")
        service.stop()
        self.assertEqual(len(self.collector.spans()), 300, "the last ones are sent at the end")
        self.assertLess(len(self.collector.heads), 30)
        for path, headers in self.collector.heads:
            self.assertEqual((path, headers["api-key"]), ("/v1/traces", key))
            self.assertEqual(headers["Content-Type"], "application/x-protobuf")
            self.assertNotIn("traceparent", headers)
        self.assertNotIn(key, service.log())


def sign(claims):
    """An HS256 JWT (RFC 7515)."""
    encode = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    now = int(time.time())
    parts = [{"alg": "HS256", "typ": "JWT"}, {**claims, "iat": now, "exp": now + 50}]
    text = ".".join(encode(json.dumps(part).encode()) for part in parts)
    return text + "." + encode(hmac.digest(SECRETS["session"].encode(), text.encode(), hashlib.sha256))


if __name__ == "__main__":
    unittest.main()
