#!/usr/bin/env bash
# Puts the archive of requirements.txt into tests/deploy/.provider as it is; 60 MB, kept until the file changes. The
# programs of these tests are in the environment of tests/cloud.
set -euo pipefail
cd "$(dirname "$0")"

installed=.provider/installed.txt
cmp --silent requirements.txt "$installed" && exit 0
rm -rf .provider
../cloud/.venv/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
  --require-hashes --requirement requirements.txt --dest .provider
cp requirements.txt "$installed"
