"""Signs the cases with botocore's CloudFrontSigner, the signing itself being cryptography's."""

import datetime
import json
from pathlib import Path

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

CASES = json.loads(Path("cases.json").read_text())
HASHES = {"sha1": hashes.SHA1, "sha256": hashes.SHA256}


def moment(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def signing(file, hash_name):
    key = serialization.load_pem_private_key(Path("keys", file).read_bytes(), None)
    digest = HASHES[hash_name]()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return lambda message: key.sign(message, ec.ECDSA(digest))
    return lambda message: key.sign(message, padding.PKCS1v15(), digest)


def vectors():
    until = moment(CASES["expires"])
    start = {"date_greater_than": moment(CASES["starts_after"])}
    network = {"ip_address": CASES["network"]}
    conditions = {
        "pattern": {},
        "network": network,
        "address": {"ip_address": CASES["address"]},
        "start": start,
        "everything": {**start, **network},
    }
    for kind, key in CASES["keys"].items():
        for hash_name in CASES["hashes"]:
            signer = CloudFrontSigner(key["id"], signing(key["file"], hash_name))
            # botocore knows SHA-1 only: over SHA-256 its caller adds the parameter that says so.
            parameter = "" if hash_name == "sha1" else "&Hash-Algorithm=SHA256"

            def made(url, **asked):
                signed = signer.generate_presigned_url(url, **asked)
                return {"key": kind, "hash": hash_name, "url": signed + parameter}

            name = f"{kind} {hash_name}"
            yield f"url canned {name}", made(CASES["url"], date_less_than=until)
            yield f"url canned query {name}", made(CASES["url_with_query"], date_less_than=until)
            for condition, asked in conditions.items():
                policy = signer.build_policy(CASES["pattern"], until, **asked)
                yield f"url {condition} {name}", made(CASES["url"], policy=policy)


Path("botocore.json").write_text(json.dumps(dict(vectors()), indent=1) + "\n")
