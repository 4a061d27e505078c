#!/usr/bin/env bash
# Runs all tests, for make test and make unit. usage: unit.sh WEB VERIFY MODULE...
# VERIFY is the command that checks generated code and modules. It, the pages in browsers, the
# processes together (deploy/e2e) and all other packages run at once, since each waits for much of
# its time. The output of the first three follows when all have ended.
set -u -o pipefail
web=$1
verify=$2
shift 2
mkdir -p .tools
packages=()
for module in "$@"; do
  packages+=("./$module/...")
done
# Once, before several builds at a time would compile the same.
go build "${packages[@]}" || exit 1

(cd "$web" && npx playwright test) >.tools/pages.log 2>&1 &
pages=$!
# Four folders at a time: their tests start processes and wait for them.
go test -timeout 45m -p 4 -parallel 4 ./deploy/e2e/... >.tools/e2e.log 2>&1 &
e2e=$!
bash -c "$verify" >.tools/verify.log 2>&1 &
verified=$!
trap 'kill "$pages" "$e2e" "$verified" 2>/dev/null' INT TERM
echo 'Checks of generated code, deploy/e2e and the pages run at the same time; their output follows at the end.'

failed=0
# shellcheck disable=SC2046 # names of packages have no blanks
go test -timeout 45m $(go list "${packages[@]}" | grep -v '/deploy/e2e') || failed=1
wait "$verified" || { failed=1; echo 'make verify failed:'; }
cat .tools/verify.log
for part in e2e pages; do
  wait "${!part}" || failed=1
  cat ".tools/$part.log"
done
exit "$failed"
