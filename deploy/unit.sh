#!/usr/bin/env bash
# Runs all tests: make unit. usage: unit.sh WEB MODULE...
# Three at once, since each waits for much of its time: the pages in browsers, the processes
# together (deploy/e2e), and all other packages. What came of the first two is said last.
set -u -o pipefail
web=$1
shift
mkdir -p .tools
(cd "$web" && npx playwright test) >.tools/pages.log 2>&1 &
pages=$!
# Its tests that are parallel start processes and wait for them.
go test -timeout 45m -parallel 4 ./deploy/e2e/... >.tools/e2e.log 2>&1 &
e2e=$!
trap 'kill "$pages" "$e2e" 2>/dev/null' INT TERM
echo 'deploy/e2e and the pages run meanwhile; what came of them is said last'

failed=0
packages=()
for module in "$@"; do
  packages+=("./$module/...")
done
# shellcheck disable=SC2046 # names of packages have no blanks
go test -timeout 45m $(go list "${packages[@]}" | grep -v '/deploy/e2e') || failed=1
for part in e2e pages; do
  wait "${!part}" || failed=1
  cat ".tools/$part.log"
done
exit "$failed"
