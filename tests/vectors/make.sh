#!/bin/sh
# Makes the vectors again: openssl.json, sdk-javascript.json, aws-cloudfront-sign.json, botocore.json.
# Needs openssl, node with npm, and python3 with venv. RSA signatures come out the same each time;
# ECDSA ones hold a random number and do not.
set -eu
cd "$(dirname "$0")"

npm ci --silent
node sdk-javascript.mjs

python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
.venv/bin/python botocore_signer.py

python3 openssl.py
