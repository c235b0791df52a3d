#!/usr/bin/env bash
# Installs tests/otlp/requirements.txt into tests/otlp/.venv, once for each content of that file.
# Which index pip asks is a matter of pip's own configuration.
set -euo pipefail
cd "$(dirname "$0")"

# Written last: a run that was cut short is begun anew. The interpreter is tried because it is a link to the system's.
installed=.venv/installed.txt
if cmp --silent requirements.txt "$installed" && .venv/bin/python -c 'import opentelemetry.proto'; then
  exit 0
fi
python3 -m venv --clear .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
cp requirements.txt "$installed"
