"""What the control plane changes at the edge, by cookies that botocore's own signer made."""

import datetime
import time
import unittest

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from double import EPISODE, PROTECTED, Double, ec_key, group_config, key_config, rsa_key


def sign(key):
    """Signs as CloudFront's default: over SHA-1."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return lambda message: key.sign(message, ec.ECDSA(hashes.SHA1()))
    return lambda message: key.sign(message, padding.PKCS1v15(), hashes.SHA1())


class DataPlane(unittest.TestCase):
    def start(self, *flags):
        edge = Double(*flags)
        self.addCleanup(edge.close)
        return edge

    @staticmethod
    def url(edge, identity, key):
        """The episode, signed for five minutes."""
        signer = CloudFrontSigner(identity, sign(key))
        expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5)
        policy = signer.build_policy(edge.edge + PROTECTED, expires)
        return signer.generate_presigned_url(edge.edge + EPISODE, policy=policy)

    @staticmethod
    def create(client, key):
        return client.create_public_key(PublicKeyConfig=key_config(key=key))["PublicKey"]["Id"]

    @staticmethod
    def trust(edge, client, *identities):
        place = {"Id": edge.group, "IfMatch": client.get_key_group(Id=edge.group)["ETag"]}
        client.update_key_group(KeyGroupConfig=group_config(*identities), **place)

    def test_trusted_and_no_more(self):
        edge = self.start("--propagation", "0s")
        client = edge.client()
        old, new = rsa_key(), ec_key()
        old_id, new_id = self.create(client, old), self.create(client, new)
        old_url, new_url = self.url(edge, old_id, old), self.url(edge, new_id, new)
        seen = lambda: (edge.ask("GET", old_url)[0], edge.ask("GET", new_url)[0])
        self.assertEqual(seen(), (403, 403), "an uploaded key is not a trusted one")
        self.assertIn("<Code>InvalidKey</Code>", edge.ask("GET", new_url)[2])
        for trusted, expected in (
            ([old_id], (200, 403)),
            ([old_id, new_id], (200, 200)),
            ([new_id], (403, 200)),
        ):
            self.trust(edge, client, *trusted)
            # Every node: they answer in turn.
            for _ in range(3):
                self.assertEqual(seen(), expected)
        # A group that the distribution does not name is nothing to it.
        client.create_key_group(KeyGroupConfig=group_config(old_id))
        self.assertEqual(seen(), (403, 200))

    def test_nodes_learn_one_after_the_other(self):
        edge = self.start("--propagation", "6s", "--nodes", "4")
        client = edge.client()
        key = ec_key()
        identity = self.create(client, key)
        url = self.url(edge, identity, key)
        status = lambda: client.get_distribution(Id=edge.distribution)["Distribution"]["Status"]
        self.assertEqual(status(), "Deployed")
        self.trust(edge, client, identity)
        self.assertEqual(status(), "InProgress")
        counts, by_node, deadline = set(), {}, time.monotonic() + 60
        while not counts or max(counts) < 4:
            self.assertLess(time.monotonic(), deadline)
            answers = [edge.ask("GET", url) for _ in range(4)]
            pops = [headers["X-Amz-Cf-Pop"] for _, headers, _ in answers]
            self.assertEqual(sorted(pops), ["EDG50-P1", "EDG50-P2", "EDG50-P3", "EDG50-P4"], "one answer each")
            counts.add([code for code, _, _ in answers].count(200))
            for (code, _, _), pop in zip(answers, pops):
                self.assertLessEqual(by_node.get(pop, 403) == 200, code == 200, f"{pop} went back")
                by_node[pop] = code
        self.assertTrue(counts & {1, 2, 3}, f"the nodes never differed: {counts}")
        self.assertEqual(status(), "Deployed")
        self.assertEqual({edge.ask("GET", url)[0] for _ in range(12)}, {200})


if __name__ == "__main__":
    unittest.main()
