"""Signs policies with `openssl dgst -sign`, good and malformed ones alike: each malformed document
bears a good signature, so that its form alone is what can be refused."""

import base64
import json
import subprocess
from pathlib import Path

CASES = json.loads(Path("cases.json").read_text())
EXPIRES, START, URL = CASES["expires"], CASES["starts_after"], CASES["url"]
PATTERN, NETWORK = CASES["pattern"], CASES["network"]


def encode(data):
    return base64.b64encode(data).translate(bytes.maketrans(b"+=/", b"-_~")).decode()


def sign(document, file, hash_name):
    command = ["openssl", "dgst", f"-{hash_name}", "-sign", f"keys/{file}"]
    return subprocess.run(command, input=document.encode(), capture_output=True, check=True).stdout


def policy(resource=f'"{PATTERN}"', until=f'"DateLessThan":{{"AWS:EpochTime":{EXPIRES}}}', more=""):
    return f'{{"Statement":[{{"Resource":{resource},"Condition":{{{until}{more}}}}}]}}'


def time(value, name="DateLessThan"):
    return f'"{name}":{{"AWS:EpochTime":{value}}}'


def source(value):
    return f',"IpAddress":{{"AWS:SourceIp":{value}}}'


AFTER = "," + time(START, "DateGreaterThan")
STATEMENT = policy()[len('{"Statement":[') : -len("]}")]

# Every key and hash signs these.
GOOD = {
    "pattern": policy(),
    "network": policy(more=source(f'"{NETWORK}"')),
    "address": policy(more=source(f'"{CASES["address"]}/32"')),
    "start": policy(more=AFTER),
    "everything": policy(more=source(f'"{NETWORK}"') + AFTER),
    "one file": policy(resource=f'"{URL}"'),
}

# One key and hash signs these: accepted spellings first, then what the edge has to refuse.
SPELLINGS = {
    "white space": json.dumps(json.loads(policy()), indent=2),
    "address without prefix length": policy(more=source(f'"{CASES["address"]}"')),
    "no resource": '{"Statement":[{"Condition":{' + time(EXPIRES) + "}}]}",
    "last second": policy(until=time(2147483647)),
}
MALFORMED = {
    "two statements": f'{{"Statement":[{STATEMENT},{STATEMENT}]}}',
    "no statement": '{"Statement":[]}',
    "statement not in a list": f'{{"Statement":{STATEMENT}}}',
    "no member Statement": "{}",
    "empty document": "",
    "not JSON": "Statement",
    "cut short": policy()[:-1],
    "text after it": policy() + "x",
    "top level array": f"[[{STATEMENT}]]",
    "statement array": f'{{"Statement":[["{PATTERN}",{{{time(EXPIRES)}}}]]}}',
    "condition array": f'{{"Statement":[{{"Resource":"{PATTERN}","Condition":[[[{EXPIRES}]]]}}]}}',
    "time array": policy(until=f'"DateLessThan":[{EXPIRES}]'),
    "address array": policy(more=f',"IpAddress":["{NETWORK}"]'),
    "resource array": policy(resource=f'["{PATTERN}"]'),
    "two resources": policy(resource=f'["{PATTERN}","{URL}"]'),
    "resource null": policy(resource="null"),
    "resource number": policy(resource="1"),
    "resource twice": policy(resource=f'"https://cdn.example.com/x","Resource":"{PATTERN}"'),
    "condition twice": f'{{"Statement":[{{"Resource":"{PATTERN}","Condition":{{{time(1)}}},"Condition":{{{time(EXPIRES)}}}}}]}}',
    "statement twice": f'{{"Statement":[{STATEMENT}],"Statement":[{STATEMENT}]}}',
    "expiry twice": policy(until=time(1) + "," + time(EXPIRES)),
    "epoch twice": policy(until=f'"DateLessThan":{{"AWS:EpochTime":1,"AWS:EpochTime":{EXPIRES}}}'),
    "no condition": f'{{"Statement":[{{"Resource":"{PATTERN}"}}]}}',
    "condition null": f'{{"Statement":[{{"Resource":"{PATTERN}","Condition":null}}]}}',
    "no expiry": policy(until=time(START, "DateGreaterThan")),
    "expiry null": policy(until='"DateLessThan":null'),
    "expiry without epoch": policy(until='"DateLessThan":{}'),
    "expiry quoted": policy(until=time(f'"{EXPIRES}"')),
    "expiry in milliseconds": policy(until=time(EXPIRES * 1000)),
    "expiry fraction": policy(until=time(f"{EXPIRES}.0")),
    "expiry exponent": policy(until=time("1.8e9")),
    "expiry zero": policy(until=time(0)),
    "expiry negative": policy(until=time(-1)),
    "expiry beyond 64 bits": policy(until=time("99999999999999999999")),
    "expiry after the last second": policy(until=time(2147483648)),
    "start quoted": policy(more="," + time(f'"{START}"', "DateGreaterThan")),
    "start in milliseconds": policy(more="," + time(START * 1000, "DateGreaterThan")),
    "IPv6 network": policy(more=source('"2001:db8::/32"')),
    "IPv6 address": policy(more=source('"::1"')),
    "address list": policy(more=source(f'["{NETWORK}"]')),
    "two addresses": policy(more=source(f'"{NETWORK},198.51.100.0/24"')),
    "prefix too long": policy(more=source('"203.0.113.0/33"')),
    "address not one": policy(more=source('"203.0.113"')),
    "address empty": policy(more=source('""')),
    "unknown condition": policy(more=',"Referer":{"AWS:Referer":"x"}'),
    "unknown statement member": policy(resource=f'"{PATTERN}","Effect":"Allow"'),
    "unknown member": policy()[:-1] + ',"Version":"2012-10-17"}',
    "other case": policy().replace("DateLessThan", "dateLessThan"),
    "byte order mark": "\ufeff" + policy(),
}
# Well-formed, but covering something else.
ELSEWHERE = {
    "resource of a star": policy(resource='"*"'),
    "resource without a scheme": policy(resource='"cdn.example.com/podcasts/*"'),
    "resource empty": policy(resource='""'),
    "resource path only": policy(resource='"/podcasts/*"'),
    "resource over http": policy(resource='"http://cdn.example.com/podcasts/*"'),
    "resource of parent host": policy(resource='"https://example.com/podcasts/*"'),
    "resource of sub-hosts": policy(resource='"https://*.cdn.example.com/*"'),
    "resource of a suffix": policy(resource='"https://cdn.example.com/*.m4a"'),
    "resource of one character too few": policy(resource='"https://cdn.example.com/podcasts/episode-?"'),
    "resource with a query": policy(resource=f'"{URL}\\\\?v=1"'),
}


def custom(document, kind, hash_name):
    key = CASES["keys"][kind]
    cookies = {
        "CloudFront-Policy": encode(document.encode()),
        "CloudFront-Signature": encode(sign(document, key["file"], hash_name)),
        "CloudFront-Key-Pair-Id": key["id"],
    }
    if hash_name == "sha256":
        cookies["CloudFront-Hash-Algorithm"] = "SHA256"
    return {"key": kind, "hash": hash_name, "document": document, "url": URL, "cookies": cookies}


def canned(url, kind, hash_name):
    made = custom(policy(resource=f'"{url}"'), kind, hash_name)
    del made["cookies"]["CloudFront-Policy"]
    made["cookies"]["CloudFront-Expires"] = str(EXPIRES)
    return {**made, "url": url}


def vectors():
    for kind in CASES["keys"]:
        for hash_name in CASES["hashes"]:
            for name, document in GOOD.items():
                yield f"{name} {kind} {hash_name}", custom(document, kind, hash_name)
            yield f"canned {kind} {hash_name}", canned(URL, kind, hash_name)
            yield f"canned query {kind} {hash_name}", canned(CASES["url_with_query"], kind, hash_name)
    for name, document in {**SPELLINGS, **MALFORMED, **ELSEWHERE}.items():
        yield name, custom(document, "rsa", "sha1")
    yield "canned star", canned("https://cdn.example.com/podcasts/*", "rsa", "sha1")


Path("openssl.json").write_text(json.dumps(dict(vectors()), indent=1) + "\n")
