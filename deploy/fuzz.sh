#!/usr/bin/env bash
# Runs every fuzz target of the named modules for the given time, one after another.
set -eu -o pipefail
time=$1
shift
# A module may lie in another's folder: each file once.
{ grep -rlE '^func Fuzz' --include='*_test.go' "$@" || true; } | sort -u | while read -r file; do
  grep -oE '^func Fuzz[A-Za-z]+' "$file" | sed 's/^func //' | while read -r target; do
    echo "== $target in $(dirname "$file")"
    go test "./$(dirname "$file")" -run '^$' -fuzz "^$target\$" -fuzztime "$time"
  done
done
