"""What schemathesis cannot read in the document: credentials, and values that a configuration alone decides.

A document without grants' names and origins promises what a request of the right form gets from the right sender. So
where the generated data is valid, it is said here who sends it; data that is meant to be refused is left as it is.
"""

import os
import re
import urllib.error
import urllib.request

import schemathesis
from schemathesis.core.parameters import ParameterLocation

from service import APP, jwt

URL = os.environ["SERVICE_URL"]
TICKET_SECRET = os.environ["TICKET_SECRET"]
API_KEY = os.environ["API_KEY"]
# "own", "jwt" or "none"; with "none" nothing is proved to anybody.
LISTENERS = os.environ["LISTENERS"]
COOKIE = "__Host-edgemint"
SHARED = ["podcasts", "music"]


def ticket(**claims):
    return jwt(TICKET_SECRET, **claims)


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def session():
    """The cookie of a session that nobody else has."""
    try:
        urllib.request.build_opener(Stay).open(f"{URL}/enter?ticket={ticket()}", timeout=30)
    except urllib.error.HTTPError as answer:
        with answer:
            cookies = answer.headers.get_all("Set-Cookie", [])
    value = next(cookie for cookie in cookies if cookie.startswith(f"{COOKIE}="))
    return value.split(";")[0].removeprefix(f"{COOKIE}=")


if os.environ["CREDENTIALS"] == "good":

    @schemathesis.auth(refresh_interval=None).apply_to(path=["/v1/mint", "/v1/revoke"])
    class BackEnd:
        def get(self, case, context):
            return API_KEY

        def set(self, case, data, context):
            case.headers["Authorization"] = f"Bearer {data}"

    if LISTENERS == "own":

        @schemathesis.auth(refresh_interval=None).apply_to(path=["/enter", "/leave"], method="GET")
        class Ticket:
            def get(self, case, context):
                return ticket()

            def set(self, case, data, context):
                case.query["ticket"] = data

        @schemathesis.auth(refresh_interval=None).apply_to(path=["/renew", "/status"], method=["GET", "POST"])
        class Session:
            def get(self, case, context):
                return session()

            def set(self, case, data, context):
                case.cookies[COOKIE] = data

        @schemathesis.auth(refresh_interval=None).apply_to(path="/leave", method="POST")
        class SessionThatEnds(Session):
            pass

    if LISTENERS == "jwt":

        @schemathesis.auth(refresh_interval=None).apply_to(path=["/enter", "/renew", "/status"], method=["GET", "POST"])
        class Token:
            def get(self, case, context):
                return ticket()

            def set(self, case, data, context):
                case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(context, case, kwargs):
    """A page of the app asks, for grants that are configured, and goes on within the app."""
    if case.meta is None:
        return
    fits = lambda location: not case.meta.is_negative_at(location)
    names = {parameter.name for parameter in case.operation.iter_parameters()}
    # Where it is the credential that is missing or wrong, it is a page of the app that sends none.
    is_about_credentials = getattr(case.meta.phase.data, "parameter", None) == "Authorization"
    if "Origin" in names and (fits(ParameterLocation.HEADER) or is_about_credentials):
        case.headers["Origin"] = APP
    if "return_to" in (case.query or {}) and fits(ParameterLocation.QUERY):
        # As a query: dot segments of a path may lead elsewhere than they begin.
        case.query["return_to"] = f"/episodes?from={case.query['return_to']}"[:2048]
    if isinstance(case.body, dict) and fits(ParameterLocation.BODY):
        case.body = sensible(case.operation.label, case.body)


def sensible(operation, body):
    """A valid body that means something to this configuration."""
    # The document counts characters of what the service counts bytes of.
    body = {name: cut(value) if name in ("subject", "sid") else value for name, value in body.items()}
    if operation == "POST /v1/mint":
        personal = ["downloads"] if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", body.get("subject", "")) else []
        body["grants"] = [*SHARED, *personal][: len(body["grants"])]
    if operation == "POST /v1/revoke" and body.get("subject") == "listener-7":
        # As in the example of the document: whoever else is tested with is not to be shut out.
        body["subject"] = "listener-8"
    return body


def cut(text):
    return text if text is None else text.encode()[:256].decode(errors="ignore")


@schemathesis.check
def refusals_are_bare(ctx, response, case):
    """What holds for every refusal: problem details that are kept nowhere, no cookie, no way on."""
    if response.status_code < 400 or case.operation.path == "/readyz":
        return
    one = lambda name: (response.headers.get(name) or [""])[0]
    assert one("content-type") == "application/problem+json", one("content-type")
    assert one("cache-control") == "no-store", one("cache-control")
    assert "set-cookie" not in response.headers, "a refusal sets a cookie"
    assert "location" not in response.headers, "a refusal leads elsewhere"


@schemathesis.check
def strangers_get_nothing(ctx, response, case):
    """Who proves nothing gets no cookie; that leaving deletes what there is asks for no proof."""
    if os.environ["CREDENTIALS"] == "good" or case.operation.label == "POST /leave":
        return
    assert "set-cookie" not in response.headers, "a stranger gets a cookie"
    assert b"CloudFront-" not in response.content or case.operation.path.startswith(("/player", "/openapi")), "cookies"
