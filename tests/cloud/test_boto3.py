"""Every call of the control plane, and each of its errors, as boto3 sees them."""

import datetime
import unittest

from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import double
from double import Double, ec_key, group_config, key_config, public_pem, rsa_key

NO_VERSION = "E000000000000A"


class Boto3Case(unittest.TestCase):
    def setUp(self):
        self.double = Double("--propagation", "0s")
        self.addCleanup(self.double.close)
        self.client = self.double.client()

    def assert_refused(self, code, status, call, *arguments, **members):
        """The error is one that boto3 knows for the service, with its status and a request id."""
        error = getattr(self.client.exceptions, code)
        with self.assertRaises(error) as caught:
            call(*arguments, **members)
        answer = caught.exception.response
        self.assertEqual(answer["Error"]["Code"], code)
        self.assertEqual(answer["Error"]["Type"], "Sender")
        self.assertTrue(answer["Error"]["Message"])
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], status)
        self.assertRegex(answer["ResponseMetadata"]["RequestId"], r"^[0-9a-f-]{36}$")

    def create_key(self, **config):
        return self.client.create_public_key(PublicKeyConfig=key_config(**config))

    def key_ids(self):
        return [item["Id"] for item in self.client.list_public_keys()["PublicKeyList"].get("Items", [])]


class PublicKeys(Boto3Case):
    def test_a_key_is_read_back_as_it_was_written(self):
        before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=1)
        for number, key in enumerate([rsa_key(), ec_key()]):
            config = key_config(f"Ключ <{number}> & \"co\"", key, Comment="it's <b>&amp;</b> ✓")
            created = self.client.create_public_key(PublicKeyConfig=config)
            self.assertEqual(created["ResponseMetadata"]["HTTPStatusCode"], 201)
            public_key = created["PublicKey"]
            self.assertRegex(public_key["Id"], r"^K[A-Z0-9]{13}$")
            self.assertRegex(created["ETag"], r"^E[A-Z0-9]{13}$")
            self.assertEqual(created["Location"], f"{self.double.endpoint}/2020-05-31/public-key/{public_key['Id']}")
            self.assertEqual(public_key["PublicKeyConfig"], config)
            self.assertLessEqual(before, public_key["CreatedTime"])
            self.assertLessEqual(public_key["CreatedTime"], datetime.datetime.now(datetime.timezone.utc))

            read = self.client.get_public_key(Id=public_key["Id"])
            self.assertEqual((read["PublicKey"], read["ETag"]), (public_key, created["ETag"]))
            read = self.client.get_public_key_config(Id=public_key["Id"])
            self.assertEqual((read["PublicKeyConfig"], read["ETag"]), (config, created["ETag"]))
            listed = self.client.list_public_keys()["PublicKeyList"]
            summary = {"Id": public_key["Id"], "CreatedTime": public_key["CreatedTime"], **config}
            del summary["CallerReference"]
            self.assertIn(summary, listed["Items"])
            self.assertEqual((listed["Quantity"], listed["MaxItems"]), (number + 1, 100))

    def test_the_final_newline_is_added(self):
        config = key_config()
        bare = {**config, "EncodedKey": config["EncodedKey"].rstrip()}
        created = self.client.create_public_key(PublicKeyConfig=bare)
        self.assertEqual(created["PublicKey"]["PublicKeyConfig"], config)

    def test_only_the_comment_changes(self):
        created = self.create_key(Comment="old")
        identity, config = created["PublicKey"]["Id"], created["PublicKey"]["PublicKeyConfig"]
        for other in (
            {"CallerReference": "other"},
            {"Name": "other"},
            {"EncodedKey": public_pem(ec_key())},
        ):
            self.assert_refused(
                "CannotChangeImmutablePublicKeyFields",
                400,
                self.client.update_public_key,
                PublicKeyConfig={**config, **other},
                Id=identity,
                IfMatch=created["ETag"],
            )
        new = {**config, "Comment": "new"}
        updated = self.client.update_public_key(PublicKeyConfig=new, Id=identity, IfMatch=created["ETag"])
        self.assertEqual(updated["PublicKey"]["PublicKeyConfig"], new)
        self.assertEqual(updated["PublicKey"]["CreatedTime"], created["PublicKey"]["CreatedTime"])
        self.assertNotEqual(updated["ETag"], created["ETag"])
        self.assertEqual(self.client.get_public_key_config(Id=identity)["PublicKeyConfig"], new)

    def test_a_reference_is_one_key(self):
        config = key_config(Comment="same")
        first = self.client.create_public_key(PublicKeyConfig=config)
        again = self.client.create_public_key(PublicKeyConfig=config)
        self.assertEqual(again["PublicKey"], first["PublicKey"])
        self.assertEqual(again["ETag"], first["ETag"])
        for other in ({"EncodedKey": public_pem(ec_key())}, {"Name": "other"}, {"Comment": "other"}):
            self.assert_refused(
                "PublicKeyAlreadyExists", 409, self.client.create_public_key, PublicKeyConfig={**config, **other}
            )
        same_name = {**key_config(), "Name": config["Name"]}
        self.assert_refused("PublicKeyAlreadyExists", 409, self.client.create_public_key, PublicKeyConfig=same_name)
        self.assertEqual(self.key_ids(), [first["PublicKey"]["Id"]])

    def test_the_eleventh_key_is_refused(self):
        configs = [key_config() for _ in range(10)]
        for config in configs:
            self.client.create_public_key(PublicKeyConfig=config)
        self.assert_refused("TooManyPublicKeys", 400, self.client.create_public_key, PublicKeyConfig=key_config())
        # One that is there already is no eleventh.
        self.client.create_public_key(PublicKeyConfig=configs[0])
        self.assertEqual(len(self.key_ids()), 10)

    def test_what_is_no_key_is_refused(self):
        pkcs1 = serialization.PublicFormat.PKCS1
        good = public_pem(ec_key())
        for encoded in (
            "key",
            good.replace("PUBLIC", "PRIVATE"),
            good[: len(good) // 2],
            good + good,
            "comment\n" + good,
            public_pem(rsa_key(1024)),
            public_pem(rsa_key(4096)),
            public_pem(rsa_key(), pkcs1),
            public_pem(ec_key(ec.SECP384R1)),
            double.private_pem(ec_key()),
        ):
            config = key_config(EncodedKey=encoded)
            self.assert_refused("InvalidArgument", 400, self.client.create_public_key, PublicKeyConfig=config)
        for wrong in ({"CallerReference": ""}, {"Name": ""}, {"EncodedKey": ""}, {"Comment": "x" * 129}):
            config = key_config(**wrong)
            self.assert_refused("InvalidArgument", 400, self.client.create_public_key, PublicKeyConfig=config)
        self.assertEqual(self.key_ids(), [])

    def test_versions_guard_changes(self):
        created = self.create_key()
        identity, config = created["PublicKey"]["Id"], created["PublicKey"]["PublicKeyConfig"]
        update, delete = self.client.update_public_key, self.client.delete_public_key
        for if_match, code, status in (
            ({}, "InvalidIfMatchVersion", 400),
            ({"IfMatch": "*"}, "InvalidIfMatchVersion", 400),
            ({"IfMatch": NO_VERSION}, "PreconditionFailed", 412),
        ):
            self.assert_refused(code, status, update, PublicKeyConfig=config, Id=identity, **if_match)
            self.assert_refused(code, status, delete, Id=identity, **if_match)
        update(PublicKeyConfig={**config, "Comment": "new"}, Id=identity, IfMatch=created["ETag"])
        self.assert_refused("PreconditionFailed", 412, delete, Id=identity, IfMatch=created["ETag"])
        answer = delete(Id=identity, IfMatch=self.client.get_public_key(Id=identity)["ETag"])
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 204)
        self.assertEqual(self.key_ids(), [])

    def test_a_key_that_is_gone(self):
        config = key_config()
        created = self.client.create_public_key(PublicKeyConfig=config)
        self.client.delete_public_key(Id=created["PublicKey"]["Id"], IfMatch=created["ETag"])
        for identity in (created["PublicKey"]["Id"], "K000000000000A", "not an id!"):
            for call, more in (
                (self.client.get_public_key, {}),
                (self.client.get_public_key_config, {}),
                (self.client.update_public_key, {"PublicKeyConfig": config, "IfMatch": created["ETag"]}),
                (self.client.delete_public_key, {"IfMatch": created["ETag"]}),
            ):
                self.assert_refused("NoSuchPublicKey", 404, call, Id=identity, **more)
        again = self.client.create_public_key(PublicKeyConfig=config)
        self.assertNotEqual(again["PublicKey"]["Id"], created["PublicKey"]["Id"])

    def test_pages(self):
        created = sorted(self.create_key()["PublicKey"]["Id"] for _ in range(7))
        pages = list(self.client.get_paginator("list_public_keys").paginate(PaginationConfig={"PageSize": 3}))
        lists = [page["PublicKeyList"] for page in pages]
        self.assertEqual([page["Quantity"] for page in lists], [3, 3, 1])
        self.assertEqual([page["MaxItems"] for page in lists], [3, 3, 3])
        self.assertEqual([item["Id"] for page in lists for item in page["Items"]], created)
        self.assertEqual(lists[0]["NextMarker"], lists[0]["Items"][-1]["Id"])
        self.assertNotIn("NextMarker", lists[2])
        for wrong in ("0", "-1", "many"):
            self.assert_refused("InvalidArgument", 400, self.client.list_public_keys, MaxItems=wrong)


class KeyGroups(Boto3Case):
    def setUp(self):
        super().setUp()
        self.keys = [self.create_key()["PublicKey"]["Id"] for _ in range(6)]

    def create_group(self, *keys, **config):
        return self.client.create_key_group(KeyGroupConfig=group_config(*keys, **config))

    def test_a_group_is_read_back_as_it_was_written(self):
        config = group_config(self.keys[1], self.keys[0], Comment="<two> & not sorted")
        created = self.client.create_key_group(KeyGroupConfig=config)
        self.assertEqual(created["ResponseMetadata"]["HTTPStatusCode"], 201)
        group = created["KeyGroup"]
        self.assertEqual(group["KeyGroupConfig"], config)
        self.assertRegex(group["Id"], r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
        self.assertEqual(created["Location"], f"{self.double.endpoint}/2020-05-31/key-group/{group['Id']}")
        read = self.client.get_key_group(Id=group["Id"])
        self.assertEqual((read["KeyGroup"], read["ETag"]), (group, created["ETag"]))
        read = self.client.get_key_group_config(Id=group["Id"])
        self.assertEqual((read["KeyGroupConfig"], read["ETag"]), (config, created["ETag"]))
        listed = self.client.list_key_groups()["KeyGroupList"]
        self.assertIn({"KeyGroup": group}, listed["Items"])
        # The edge's own group is there too.
        self.assertEqual(listed["Quantity"], 2)

    def test_an_update_replaces_the_whole_group(self):
        created = self.create_group(*self.keys[:2], Comment="old")
        identity = created["KeyGroup"]["Id"]
        new = group_config(self.keys[2])
        updated = self.client.update_key_group(KeyGroupConfig=new, Id=identity, IfMatch=created["ETag"])
        self.assertEqual(updated["KeyGroup"]["KeyGroupConfig"], new)
        self.assertEqual(self.client.get_key_group_config(Id=identity)["KeyGroupConfig"], new)
        self.assertLessEqual(created["KeyGroup"]["LastModifiedTime"], updated["KeyGroup"]["LastModifiedTime"])
        self.assertNotEqual(updated["ETag"], created["ETag"])

    def test_versions_guard_changes(self):
        created = self.create_group(self.keys[0])
        identity, config = created["KeyGroup"]["Id"], created["KeyGroup"]["KeyGroupConfig"]
        update, delete = self.client.update_key_group, self.client.delete_key_group
        for if_match, code, status in (
            ({}, "InvalidIfMatchVersion", 400),
            ({"IfMatch": f'"{created["ETag"]}"'}, "InvalidIfMatchVersion", 400),
            ({"IfMatch": NO_VERSION}, "PreconditionFailed", 412),
        ):
            self.assert_refused(code, status, update, KeyGroupConfig=config, Id=identity, **if_match)
            self.assert_refused(code, status, delete, Id=identity, **if_match)
        update(KeyGroupConfig=config, Id=identity, IfMatch=created["ETag"])
        self.assert_refused("PreconditionFailed", 412, delete, Id=identity, IfMatch=created["ETag"])
        answer = delete(Id=identity, IfMatch=self.client.get_key_group(Id=identity)["ETag"])
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 204)
        for call, more in (
            (self.client.get_key_group, {}),
            (self.client.get_key_group_config, {}),
            (update, {"KeyGroupConfig": config, "IfMatch": created["ETag"]}),
            (delete, {"IfMatch": created["ETag"]}),
        ):
            self.assert_refused("NoSuchResource", 404, call, Id=identity, **more)

    def test_what_a_group_cannot_hold(self):
        create, update = self.client.create_key_group, self.client.update_key_group
        group = self.create_group(self.keys[0])
        place = {"Id": group["KeyGroup"]["Id"], "IfMatch": group["ETag"]}
        taken = self.create_group(self.keys[0])["KeyGroup"]["KeyGroupConfig"]["Name"]
        one = self.keys[0]
        for code, status, config in (
            ("TooManyPublicKeysInKeyGroup", 400, group_config(*self.keys)),
            ("KeyGroupAlreadyExists", 409, group_config(one, name=taken)),
            ("InvalidArgument", 400, group_config()),
            ("InvalidArgument", 400, group_config(one, one)),
            ("InvalidArgument", 400, group_config(one, "K000000000000A")),
            ("InvalidArgument", 400, group_config(one, "no id")),
            ("InvalidArgument", 400, group_config(one, name=" ")),
            ("InvalidArgument", 400, group_config(one, Comment="x" * 129)),
        ):
            self.assert_refused(code, status, create, KeyGroupConfig=config)
            self.assert_refused(code, status, update, KeyGroupConfig=config, **place)
        self.assertEqual(self.client.get_key_group(Id=place["Id"])["ETag"], place["IfMatch"])
        update(KeyGroupConfig=group_config(*self.keys[:5]), **place)

    def test_the_eleventh_group_is_refused(self):
        for _ in range(9):
            self.create_group(self.keys[0])
        config = group_config(self.keys[0])
        self.assert_refused("TooManyKeyGroups", 400, self.client.create_key_group, KeyGroupConfig=config)
        listed, marker = [], {}
        while True:
            page = self.client.list_key_groups(MaxItems="4", **marker)["KeyGroupList"]
            listed += [item["KeyGroup"]["Id"] for item in page["Items"]]
            if "NextMarker" not in page:
                break
            marker = {"Marker": page["NextMarker"]}
        self.assertEqual((len(listed), len(set(listed))), (10, 10))
        self.assert_refused("InvalidArgument", 400, self.client.list_key_groups, MaxItems="none")

    def test_what_is_used_cannot_be_deleted(self):
        key = self.create_key()
        place = {"Id": key["PublicKey"]["Id"], "IfMatch": key["ETag"]}
        group = self.create_group(place["Id"])
        self.assert_refused("PublicKeyInUse", 409, self.client.delete_public_key, **place)
        self.client.delete_key_group(Id=group["KeyGroup"]["Id"], IfMatch=group["ETag"])
        self.client.delete_public_key(**place)
        own = {"Id": self.double.group, "IfMatch": self.client.get_key_group(Id=self.double.group)["ETag"]}
        self.assert_refused("ResourceInUse", 409, self.client.delete_key_group, **own)


class Distribution(Boto3Case):
    def test_it_tells_what_it_trusts(self):
        key = self.create_key()["PublicKey"]["Id"]
        place = {"Id": self.double.group, "IfMatch": self.client.get_key_group(Id=self.double.group)["ETag"]}
        empty = self.client.get_distribution(Id=self.double.distribution)["Distribution"]["ActiveTrustedKeyGroups"]
        expected = [{"KeyGroupId": self.double.group, "KeyPairIds": {"Quantity": 0}}]
        self.assertEqual(empty, {"Enabled": True, "Quantity": 1, "Items": expected})
        self.client.update_key_group(KeyGroupConfig=group_config(key), **place)
        answer = self.client.get_distribution(Id=self.double.distribution)
        self.assertRegex(answer["ETag"], r"^E[A-Z0-9]{13}$")
        distribution = answer["Distribution"]
        self.assertEqual((distribution["Id"], distribution["Status"]), (self.double.distribution, "Deployed"))
        expected = [{"KeyGroupId": self.double.group, "KeyPairIds": {"Quantity": 1, "Items": [key]}}]
        self.assertEqual(distribution["ActiveTrustedKeyGroups"]["Items"], expected)
        behaviours = distribution["DistributionConfig"]["CacheBehaviors"]
        self.assertEqual(behaviours["Quantity"], 1)
        self.assertEqual(behaviours["Items"][0]["PathPattern"], double.PROTECTED)
        trusted = {"Enabled": True, "Quantity": 1, "Items": [self.double.group]}
        self.assertEqual(behaviours["Items"][0]["TrustedKeyGroups"], trusted)
        self.assertRegex(distribution["DomainName"], r"^d[a-z0-9]{13}\.cloudfront\.net$")
        self.client.get_waiter("distribution_deployed").wait(Id=self.double.distribution)

    def test_there_is_no_other(self):
        self.assert_refused("NoSuchDistribution", 404, self.client.get_distribution, Id="E000000000000A")
        # A call that the double does not have says so, and is not asked for again.
        with self.assertRaises(ClientError) as caught:
            self.double.client(retries=3).list_distributions()
        answer = caught.exception.response
        self.assertEqual((answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]), ("NotImplemented", 501))
        self.assertEqual(answer["ResponseMetadata"]["RetryAttempts"], 0)


if __name__ == "__main__":
    unittest.main()
