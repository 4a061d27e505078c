#!/usr/bin/env bash
# Lists what each program that is run is made of, module by module, with licences, from
# what is built and not from what could be.
set -eu -o pipefail
tool=$PWD/$1
mkdir -p sbom
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for program in $(cat deploy/image/programs); do
  name=$(basename "$program")
  go build -o "$work/$name" "$program"
  "$tool" bin -licenses -json -output "sbom/$name.cdx.json" "$work/$name" 2>"$work/log" || { cat "$work/log"; exit 1; }
  echo "sbom/$name.cdx.json: $(grep -c '"purl"' "sbom/$name.cdx.json") modules"
done
