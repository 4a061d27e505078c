#!/usr/bin/env bash
# Runs all tests, for make test and make unit. usage: unit.sh WEB VERIFY MODULE...
# VERIFY is the command that checks generated code and modules. It runs beside the tests within
# packages, which mostly compute; the processes together (deploy/e2e) follow. The pages in browsers,
# which mostly wait, run beside all of it, since they take the longest. `make lint` vets. What takes long runs in
# `make soak`: a test in Go whose name begins with TestLong, a test of pages with the mark long.
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

failed=0
beside=
trap 'kill $beside 2>/dev/null' INT TERM

(cd "$web" && npx playwright test) >.tools/pages.log 2>&1 &
pages=$!
bash -c "$verify" >.tools/verify.log 2>&1 &
verifies=$!
beside="$pages $verifies"
echo 'The pages run beside the tests in Go; their output follows.'
# shellcheck disable=SC2046 # names of packages have no blanks
go test -vet=off -timeout 45m -skip '^TestLong' $(go list "${packages[@]}" | grep -v '/deploy/e2e') || failed=1
wait "$verifies" || { failed=1; echo 'make verify failed:'; }
cat .tools/verify.log

# The longest first, so that none of them runs alone at the end.
longest=(./deploy/e2e/{resilience,consent,delivery,kits,operations,matters})
go test -vet=off -timeout 45m -p 4 -parallel 4 -skip '^TestLong' "${longest[@]}" ./deploy/e2e/... || failed=1
wait "$pages" || failed=1
cat .tools/pages.log
exit "$failed"
