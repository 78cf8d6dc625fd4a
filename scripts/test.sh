#!/usr/bin/env bash
# Run the checks of the project, cheapest first. usage: test.sh [quick]
set -eu
cd "$(dirname "$0")/.."
began=$SECONDS

step() {
  local name=$1 from=$SECONDS
  shift
  echo "── $name"
  "$@"
  echo "   $name: $((SECONDS - from)) s"
}

[ "${1:-}" = quick ] || step "system packages" scripts/system_packages.sh
step "style" ruff check src tests benchmarks
step "format" ruff format --check --quiet src tests benchmarks
step "types" mypy
step "imports" lint-imports
step "front end" bash -c 'cd frontend && npm run --silent check'
if [ "${1:-}" = quick ]; then
  step "unit and architecture tests" pytest -q -n 2 tests/unit tests/architecture
else
  step "tests" pytest -q -n 2 --dist loadgroup tests
fi
echo "All checks passed in $((SECONDS - began)) s."
