#!/usr/bin/env bash
# tests/install_python.sh DIRECTORY MODULE: installs DIRECTORY/requirements.txt into DIRECTORY/.venv, once for each
# content of that file. MODULE is one that Python finds there afterwards. DIRECTORY is one of tests/, as `cloud`.
# Which index pip asks is a matter of pip's own configuration.
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: $0 DIRECTORY MODULE, as in: $0 cloud boto3" >&2; exit 2; }
cd "$(dirname "$0")/$1"

# Written last: a run that was cut short is begun anew. The interpreter is tried because it is a link to the system's.
installed=.venv/installed.txt
if cmp --silent requirements.txt "$installed" && .venv/bin/python -c "import $2"; then
  exit 0
fi
python3 -m venv --clear .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
.venv/bin/python -c "import $2"
cp requirements.txt "$installed"
