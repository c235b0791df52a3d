"""What `/openapi.json` promises, asked of the running service by programs that are not ours."""

import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

from service import API_KEYS, SESSIONS, TICKETS, TOKENS, Service

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("OPENAPI_EXAMPLES", "10")
# Told where a run fails, to be given again.
RANDOM_SEED = int(os.environ.get("OPENAPI_SEED") or random.randrange(2**32))
ONCE = [(RANDOM_SEED, "good")]

# Without these nothing of a configuration is served but refusals; the document says so.
DOORS = {
    "tickets": ["GET /leave"],
    "listeners": ["GET /enter", "POST /renew", "GET /status"],
    "back ends": ["POST /v1/mint", "POST /v1/revoke"],
}


class Document(unittest.TestCase):
    def test_tickets_and_sessions(self):
        runs = [(1, "good"), (RANDOM_SEED, "good"), (RANDOM_SEED, "none")]
        self.check(Service(TICKETS, SESSIONS, API_KEYS), "own", [], runs)

    def test_tokens_of_the_app_below_a_base_path_and_no_api_keys(self):
        self.check(Service(TOKENS, base_path="/media/edgemint"), "jwt", DOORS["tickets"] + DOORS["back ends"], ONCE)

    def test_back_ends_alone(self):
        self.check(Service(API_KEYS), "none", DOORS["tickets"] + DOORS["listeners"], ONCE)

    def check(self, service, listeners, closed, runs):
        self.addCleanup(service.close)
        with urllib.request.urlopen(f"{service.url}/openapi.json", timeout=30) as answer:
            self.assertEqual(answer.headers["Content-Type"], "application/json")
            document = json.load(answer)
        OpenAPIV31SpecValidator(document).validate()
        self.assertEqual(closed_doors(document), sorted(closed))
        for secret in service.secrets.values():
            self.assertNotIn(secret, json.dumps(document))
        close_answers(document)
        for seed, credentials in runs:
            with self.subTest(seed=seed, credentials=credentials):
                self.ask(service, document, listeners, closed, credentials, seed)

    def ask(self, service, document, listeners, closed, credentials, seed):
        """schemathesis with every check that it has, and ours."""
        with tempfile.TemporaryDirectory() as folder:
            schema, settings = Path(folder, "openapi.json"), Path(folder, "schemathesis.toml")
            schema.write_text(json.dumps(document))
            settings.write_text(configuration(document, closed, credentials))
            command = [sys.executable, "-m", "schemathesis.cli", "--config-file", settings, "run", schema]
            command += ["--url", service.url, "--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"]
            command += ["--max-examples", EXAMPLES, "--seed", str(seed), "--max-redirects", "0", "--no-color"]
            command += ["--continue-on-failure", "--generation-database", "none", "--suppress-health-check", "all"]
            if credentials == "good":
                # Credentials that are made up would take the place of those of hooks.py at times, in data that is to be
                # accepted. What they are worth, `ignored_auth` tries here, and the run without good ones.
                command += ["--generation-with-security-parameters", "false"]
            environment = {
                **os.environ, **service.secrets, "SERVICE_URL": service.url, "LISTENERS": listeners,
                "CREDENTIALS": credentials, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE),
            }
            run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
        self.assertEqual(run.returncode, 0, f"seed {seed}, {credentials} credentials:\n{run.stdout}{run.stderr}")
        print(f"{self.id()}: seed {seed}, {credentials} credentials: {summary(run.stdout)}", flush=True)


def summary(output):
    """What the last line but empty ones says."""
    return output.strip().splitlines()[-1].strip("= ")


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def closed_doors(document):
    """Operations that are documented to refuse whoever asks."""
    return sorted(
        label for label, operation in operations(document) if all(status >= "400" for status in operation["responses"])
    )


def close_answers(document):
    """Whoever reads answers has to expect new members. A member that is not described is a fault here."""
    components = document["components"]["schemas"]
    seen = set()

    def close(schema):
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            # It may be a part of others, so it is closed where it stands alone.
            if "properties" in components[name] or "allOf" in components[name]:
                schema["allOf"] = [{"$ref": schema.pop("$ref")}]
                schema["unevaluatedProperties"] = False
            if name not in seen:
                seen.add(name)
                close_members(components[name])
            return
        if "properties" in schema:
            schema["unevaluatedProperties"] = False
        close_members(schema)

    def close_members(schema):
        for part in schema.get("allOf", []):
            close_members(part)
        for member in schema.get("properties", {}).values():
            close(member)
        if "items" in schema:
            close(schema["items"])

    for label, operation in operations(document):
        for answer in operation["responses"].values():
            for content in answer.get("content", {}).values():
                # Its own description is another standard's.
                if label != "GET /openapi.json":
                    close(content["schema"])


def configuration(document, closed, credentials):
    """What valid and invalid data is answered with. Nothing but this is turned off or allowed for."""
    refused = ["400", "403", "404", "405", "413", "415", "422", "431"]
    text = statuses("checks", ["2xx", "3xx"], refused)
    for label, operation in operations(document):
        needs_proof = {} not in operation.get("security", [{}])
        # Who asks at a closed door, or proves nothing, has no right data.
        is_refused = label in closed or (credentials == "none" and needs_proof)
        if is_refused or needs_proof:
            text += f'[[operations]]\ninclude-name = "{label}"\n'
            valid = ["401", "403"] if is_refused else ["2xx", "3xx"]
            # A credential that is left out is wrong data, too.
            text += statuses("operations.checks", valid, [*refused, "401"])
    return text


def statuses(table, valid, invalid):
    return (
        f"[{table}.positive_data_acceptance]\nexpected-statuses = {json.dumps(valid)}\n"
        f"[{table}.negative_data_rejection]\nexpected-statuses = {json.dumps(invalid)}\n"
    )


if __name__ == "__main__":
    unittest.main()
