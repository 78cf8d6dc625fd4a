#!/usr/bin/env bash
# Measure the product beside Debian's Orthanc. Arguments go to `python -m benchmarks`.
set -eu
cd "$(dirname "$0")/.."
scripts/system_packages.sh bench
exec "${BIN:-$PWD/.venv/bin}"/python -m benchmarks "$@"
