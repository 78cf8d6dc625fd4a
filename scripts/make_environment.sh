#!/usr/bin/env bash
# Make the Python environment. usage: make_environment.sh FOLDER   (PYTHON names the interpreter)
set -eu
folder=$1
python=${PYTHON:-python3}
if ! command -v "$python" >/dev/null 2>&1; then
  echo "$python is missing: Python 3.11 or later is needed." >&2
  exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "$("$python" --version) is too old: Python 3.11 or later is needed (set PYTHON=…)." >&2
  exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing python3-venv…"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
  else
    echo "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv" >&2
    exit 1
  fi
fi
echo "Making the Python environment…"
"$python" -m venv "$folder"
