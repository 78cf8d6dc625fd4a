#!/usr/bin/env bash
# Run the checks of the project, cheapest first. usage: test.sh [quick]   (BIN names the folder of the environment's programs)
# That folder stays off the path: pynetdicom brings a storescu of its own, and the tests want dcmtk's.
set -eu
cd "$(dirname "$0")/.."
BIN=${BIN:-$PWD/.venv/bin}
began=$SECONDS

step() {
  local name=$1 from=$SECONDS
  shift
  echo "── $name"
  "$@"
  echo "   $name: $((SECONDS - from)) s"
}

[ "${1:-}" = quick ] || step "system packages" scripts/system_packages.sh
step "style" "$BIN"/ruff check src tests benchmarks
step "format" "$BIN"/ruff format --check --quiet src tests benchmarks
step "types" "$BIN"/mypy
step "imports" "$BIN"/lint-imports
step "front end" bash -c 'cd frontend && npm run --silent check'
if [ "${1:-}" = quick ]; then
  step "unit and architecture tests" "$BIN"/pytest -q -n 2 tests/unit tests/architecture
else
  step "unit, architecture and contract tests" "$BIN"/pytest -q -n 2 tests/unit tests/architecture tests/contract
  step "end-to-end tests" "$BIN"/pytest -q -n 2 --dist loadfile tests/e2e # a file is one story: its tests share a product
fi
echo "All checks passed in $((SECONDS - began)) s."
