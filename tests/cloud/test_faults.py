"""Faults on demand, and what boto3's own retries make of them."""

import json
import time
import unittest

from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from double import Double, group_config, key_config

NAMESPACE = "http://cloudfront.amazonaws.com/doc/2020-05-31/"


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.double = Double("--propagation", "0s")
        cls.addClassCleanup(cls.double.close)

    def setUp(self):
        self.double.faults()
        self.client = self.double.client()
        for item in self.client.list_public_keys()["PublicKeyList"].get("Items", []):
            place = {"Id": item["Id"], "IfMatch": self.client.get_public_key(Id=item["Id"])["ETag"]}
            self.client.delete_public_key(**place)
        self.double.forget_calls()

    def names(self):
        return [item["Name"] for item in self.client.list_public_keys()["PublicKeyList"].get("Items", [])]

    def became_of(self, call):
        return [(entry["status"], entry["fault"]) for entry in self.double.calls() if entry["call"] == call]

    def test_throttling_is_waited_out(self):
        self.double.faults({"call": "CreatePublicKey", "times": 2, "fault": "throttle"})
        config = key_config()
        created = self.double.client(retries=2).create_public_key(PublicKeyConfig=config)
        self.assertEqual(created["ResponseMetadata"]["RetryAttempts"], 2)
        self.assertEqual(self.names(), [config["Name"]])
        self.assertEqual(self.became_of("CreatePublicKey"), [(400, "throttle"), (400, "throttle"), (201, None)])

    def test_throttling_reaches_who_does_not_wait(self):
        self.double.faults({"fault": "throttle"})
        with self.assertRaises(ClientError) as caught:
            self.client.create_public_key(PublicKeyConfig=key_config())
        self.assertEqual(caught.exception.response["Error"]["Code"], "Throttling")
        self.assertEqual(self.names(), [])

    def test_a_creation_whose_answer_is_lost_is_one_key(self):
        self.double.faults({"call": "CreatePublicKey", "fault": "drop_after"})
        config = key_config()
        created = self.double.client(retries=2).create_public_key(PublicKeyConfig=config)
        self.assertEqual(created["ResponseMetadata"]["RetryAttempts"], 1)
        self.assertEqual(self.names(), [config["Name"]])
        # Both answers were of the same key.
        self.assertEqual(self.became_of("CreatePublicKey"), [(201, "drop_after"), (201, None)])

    def test_a_lost_answer_is_no_answer(self):
        self.double.faults({"call": "CreatePublicKey", "fault": "drop_after"})
        config = key_config()
        with self.assertRaises(ConnectionClosedError):
            self.client.create_public_key(PublicKeyConfig=config)
        self.assertEqual(self.names(), [config["Name"]])

    def test_a_lost_call_changes_nothing(self):
        self.double.faults({"call": "CreatePublicKey", "fault": "drop_before"})
        with self.assertRaises(ConnectionClosedError):
            self.client.create_public_key(PublicKeyConfig=key_config())
        self.assertEqual(self.names(), [])
        self.assertEqual(self.became_of("CreatePublicKey"), [(None, "drop_before")])

    def test_an_update_whose_answer_is_lost_has_a_stale_version(self):
        key = self.client.create_public_key(PublicKeyConfig=key_config())["PublicKey"]["Id"]
        group = self.client.create_key_group(KeyGroupConfig=group_config(key, name="lost"))
        place = {"Id": group["KeyGroup"]["Id"], "IfMatch": group["ETag"]}
        self.double.faults({"call": "UpdateKeyGroup", "fault": "drop_after"})
        new = group_config(key, name="lost", Comment="new")
        with self.assertRaises(self.client.exceptions.PreconditionFailed):
            self.double.client(retries=2).update_key_group(KeyGroupConfig=new, **place)
        read = self.client.get_key_group(Id=place["Id"])
        self.assertEqual(read["KeyGroup"]["KeyGroupConfig"], new)
        self.assertEqual(self.became_of("UpdateKeyGroup"), [(200, "drop_after"), (412, None)])
        self.client.delete_key_group(Id=place["Id"], IfMatch=read["ETag"])

    def test_a_deletion_whose_answer_is_lost_is_done(self):
        created = self.client.create_public_key(PublicKeyConfig=key_config())
        self.double.faults({"call": "DeletePublicKey", "fault": "drop_after"})
        place = {"Id": created["PublicKey"]["Id"], "IfMatch": created["ETag"]}
        with self.assertRaises(self.client.exceptions.NoSuchPublicKey):
            self.double.client(retries=2).delete_public_key(**place)
        self.assertEqual(self.names(), [])

    def test_an_error_of_choice(self):
        answer = {"answer": {"status": 503, "code": "ServiceUnavailable"}}
        self.double.faults({"call": "ListKeyGroups", "from": 2, "fault": answer})
        self.client.list_key_groups()
        with self.assertRaises(ClientError) as caught:
            self.client.list_key_groups()
        response = caught.exception.response
        self.assertEqual((response["Error"]["Code"], response["Error"]["Type"]), ("ServiceUnavailable", "Receiver"))
        self.assertEqual(response["ResponseMetadata"]["HTTPStatusCode"], 503)
        self.client.list_key_groups()

    def test_for_ever_is_until_it_is_taken_back(self):
        self.double.faults({"times": None, "fault": "throttle"})
        for _ in range(3):
            with self.assertRaises(ClientError):
                self.client.list_key_groups()
        self.double.faults()
        self.client.list_key_groups()

    def create_impatiently(self, fault):
        """The name of a key whose creation was not waited for."""
        self.double.faults({"call": "CreatePublicKey", "fault": fault})
        config = key_config()
        with self.assertRaises(ReadTimeoutError):
            self.double.client(read_timeout=0.3).create_public_key(PublicKeyConfig=config)
        return config["Name"]

    def assert_is_created(self, name):
        deadline = time.monotonic() + 60
        while name not in self.names():
            self.assertLess(time.monotonic(), deadline)

    def test_who_gives_up_waiting_has_asked_all_the_same(self):
        self.assert_is_created(self.create_impatiently({"delay_before_ms": 1000}))

    def test_a_delay_is_before_or_after_the_change(self):
        # Longer than the test may take: what is seen now was not waited for.
        ages = 3_600_000
        self.assert_is_created(self.create_impatiently({"delay_after_ms": ages}))
        self.assertNotIn(self.create_impatiently({"delay_before_ms": ages}), self.names())

    def test_what_is_no_fault_is_refused_and_changes_nothing(self):
        self.double.faults({"fault": "throttle"})
        url = f"{self.double.endpoint}/_edgemint/faults"
        for wrong in (b"", b"{}", b'[{"fault":"explode"}]', b'[{"fault":"throttle","call":"Create"}]'):
            self.assertEqual(self.double.ask("PUT", url, data=wrong)[0], 400, wrong)
        rules = json.loads(self.double.ask("GET", url)[2])
        self.assertEqual(rules, [{"call": None, "from": 1, "times": 1, "fault": "throttle", "seen": 0}])
        self.assertEqual(self.double.ask("GET", f"{self.double.endpoint}/_edgemint/secrets")[0], 404)


class Requests(unittest.TestCase):
    """What no SDK would send."""

    @classmethod
    def setUpClass(cls):
        cls.double = Double()
        cls.addClassCleanup(cls.double.close)

    def signed(self, service="cloudfront"):
        scope = f"AKIAEXAMPLE/20261121/us-east-1/{service}/aws4_request"
        value = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}"
        return {"Authorization": value}

    def assert_error(self, answer, status, code):
        self.assertEqual(answer[0], status)
        self.assertEqual(answer[1]["Content-Type"], "text/xml")
        identity = answer[1]["x-amzn-RequestId"]
        kind = "Receiver" if status >= 500 else "Sender"
        begin = (
            f'<?xml version="1.0" encoding="UTF-8"?><ErrorResponse xmlns="{NAMESPACE}"><Error><Type>{kind}</Type>'
            f"<Code>{code}</Code><Message>"
        )
        self.assertTrue(answer[2].startswith(begin), answer[2])
        self.assertTrue(answer[2].endswith(f"</Message></Error><RequestId>{identity}</RequestId></ErrorResponse>"))

    def ask(self, method, path, headers=None, data=None):
        headers = self.signed() if headers is None else headers
        return self.double.ask(method, f"{self.double.endpoint}{path}", headers, data)

    def test_a_request_has_to_be_signed(self):
        keys = "/2020-05-31/public-key"
        self.assert_error(self.ask("GET", keys, {}), 403, "MissingAuthenticationToken")
        self.assert_error(self.ask("GET", keys, {"Authorization": "Bearer token"}), 400, "IncompleteSignature")
        self.assert_error(self.ask("GET", keys, self.signed("s3")), 403, "SignatureDoesNotMatch")
        self.assertEqual(self.ask("GET", keys)[0], 200)
        # Who is not let in learns nothing of what there is, and uses no fault up.
        self.double.faults({"fault": "throttle"})
        self.assert_error(self.ask("GET", "/none", {}), 403, "MissingAuthenticationToken")
        self.assert_error(self.ask("GET", keys), 400, "Throttling")

    def test_bodies_that_are_none(self):
        keys = "/2020-05-31/public-key"
        self.assert_error(self.ask("POST", keys, data=b""), 400, "MissingBody")
        for body in (
            b"{}",
            b"<PublicKeyConfig>",
            b"<KeyGroupConfig><Name>a</Name></KeyGroupConfig>",
            b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><PublicKeyConfig>&b;</PublicKeyConfig>',
            b"<PublicKeyConfig>" + b"<a>" * 1000,
            b"\xff\xfe",
        ):
            answer = self.ask("POST", keys, data=body)
            self.assert_error(answer, 400, "MalformedXML")
        self.assert_error(self.ask("POST", keys, data=b" " * 70_000), 413, "EntitySizeLimitExceeded")
        self.assertEqual(self.ask("GET", keys)[0], 200)

    def test_other_calls_and_versions(self):
        for method, path in (
            ("GET", "/"),
            ("GET", "/2019-03-26/public-key"),
            ("POST", "/2020-05-31/distribution"),
            ("PUT", "/2020-05-31/public-key/K1"),
            ("GET", "/2020-05-31/public-key/a/b/c"),
        ):
            self.assert_error(self.ask(method, path), 501, "NotImplemented")


if __name__ == "__main__":
    unittest.main()
