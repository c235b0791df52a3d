#!/usr/bin/env python3
"""Makes the tickets and keys in this directory again, with PyJWT and cryptography:

    pip install 'PyJWT[crypto]' && python3 tests/vectors/tickets/make.py

The keys are TEST KEYS, published here and worth nothing. They are made once: those of keys.json are used
again if it is there, so that making the tickets again changes only what ES256's random numbers change.
"""

import datetime
import json
import pathlib

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

HERE = pathlib.Path(__file__).parent
ISSUED = 1_800_000_000
SECRET = "TEST KEY, published: not a secret at all"


def private_pem(key):
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def public_pem(key):
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def make_keys():
    good = {
        "EdDSA": ed25519.Ed25519PrivateKey.generate(),
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    }
    keys = {name: {"private": private_pem(key), "public": public_pem(key)} for name, key in good.items()}
    keys["HS256"] = {"private": SECRET, "public": SECRET}
    return {"note": "TEST KEYS: published, worth nothing", "keys": keys, "refused": make_refused(good["RS256"])}


def make_refused(key):
    """What people give in place of a public key that tickets can be verified by."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "TEST")])
    day = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(day).not_valid_after(day + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, traditional = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    encrypted = serialization.BestAvailableEncryption(b"TEST")
    pkcs1 = key.public_key().public_bytes(pem, serialization.PublicFormat.PKCS1).decode()
    p256 = ec.generate_private_key(ec.SECP256R1())
    return {
        "certificate": certificate.public_bytes(pem).decode(),
        "private encrypted": key.private_bytes(pem, serialization.PrivateFormat.PKCS8, encrypted).decode(),
        "private pkcs1": key.private_bytes(pem, traditional, serialization.NoEncryption()).decode(),
        "private sec1": p256.private_bytes(pem, traditional, serialization.NoEncryption()).decode(),
        "public pkcs1": pkcs1,
        "rsa 1024": public_pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)),
        "rsa 8192": public_pem(rsa.generate_private_key(public_exponent=65537, key_size=8192)),
        "p384": public_pem(ec.generate_private_key(ec.SECP384R1())),
        "p521": public_pem(ec.generate_private_key(ec.SECP521R1())),
        "secp256k1": public_pem(ec.generate_private_key(ec.SECP256K1())),
    }


def claims(**changed):
    whole = {
        "iss": "https://app.example.com",
        "aud": "https://mint.example.com",
        "sub": "listener-7",
        "jti": "c4f8a1f2-5f5e-4f0b-9b55-1d0f3f2a6f10",
        "iat": ISSUED,
        "exp": ISSUED + 60,
        "plan": "gold",
        "shows": ["one", "two"],
    } | changed
    return {name: value for name, value in whole.items() if value is not None}


CASES = [
    ("plain", {}, {}, None),
    ("audience in a list", {"aud": ["https://other.example.com", "https://mint.example.com"]}, {}, None),
    ("nbf in the past", {"nbf": ISSUED - 10}, {}, None),
    ("subject beyond ASCII", {"sub": "zoë@example.com"}, {}, None),
    ("no jti", {"jti": None}, {}, "missing_claim"),
    ("no exp", {"exp": None}, {}, "missing_claim"),
    ("lives for an hour", {"exp": ISSUED + 3600}, {}, "lifetime_too_long"),
    ("for somebody else", {"aud": "https://other.example.com"}, {}, "wrong_audience"),
    ("by somebody else", {"iss": "https://other.example.com"}, {}, "wrong_issuer"),
    ("exp as a fraction", {"exp": ISSUED + 59.5}, {}, "malformed_claim"),
    ("unknown kid", {}, {"kid": "other"}, "unknown_key"),
    ("crit", {}, {"crit": ["exp"]}, "critical_header"),
    ("typ of an access token", {}, {"typ": "at+jwt"}, "wrong_token_type"),
]


def make_tickets(keys):
    for algorithm, key in keys.items():
        for name, changed, header, refused in CASES:
            token = jwt.encode(claims(**changed), key["private"], algorithm=algorithm, headers=header)
            yield {"algorithm": algorithm, "name": name, "refused": refused, "token": token}
        others = [name for name in ("HS256", "HS384", "HS512") if name != algorithm]
        for other in others if algorithm == "HS256" else ["HS256"]:
            secret = SECRET if algorithm == "HS256" else "the attacker's own, as long as a secret"
            token = jwt.encode(claims(), secret, algorithm=other)
            yield {"algorithm": algorithm, "name": f"as {other}", "refused": "wrong_algorithm", "token": token}
        token = jwt.encode(claims(), None, algorithm="none")
        yield {"algorithm": algorithm, "name": "as none", "refused": "not_three_parts", "token": token}


def write(name, content):
    (HERE / name).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main():
    if not (HERE / "keys.json").exists():
        write("keys.json", make_keys())
    keys = json.loads((HERE / "keys.json").read_text(encoding="utf-8"))["keys"]
    write("tickets.json", {"maker": f"PyJWT {jwt.__version__}", "issued": ISSUED, "tickets": list(make_tickets(keys))})


if __name__ == "__main__":
    main()
