#!/usr/bin/env bash
# Scans all modules for known vulnerabilities that their code reaches. The database comes
# as a Go module through the module proxy, is kept in .tools, and is asked offline.
set -eu -o pipefail
tool=$1 version=$2 db=$3
shift 3

if [ -z "$db" ]; then
  out=.tools/vulndb-$version
  if [ ! -f "$out/index/db.json" ]; then
    folder=$(GOWORK=off go mod download -json "golang.org/x/vulndb@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p') || true
    [ -n "$folder" ] || { echo "no vulnerability database: let Go fetch golang.org/x/vulndb@$version, or name one with make vuln VULNDB=file:///FOLDER or VULNDB=https://vuln.go.dev"; exit 1; }
    rm -rf "$out"
    GOWORK=off go run "golang.org/x/vulndb/cmd/indexdb@$version" -vulns "$folder/data/osv" -out "$out"
  fi
  db=file://$PWD/$out
fi
echo "database $db, $(ls "${db#file://}/ID" 2>/dev/null | wc -l) files"
for module in "$@"; do
  echo "== $module"
  "$tool" -db "$db" -C "$module" ./...
done
