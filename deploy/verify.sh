#!/usr/bin/env bash
# Checks what no compiler does: that the contract is in form and breaks nobody, that
# generated code is fresh, and that every module stands by itself.
set -eu -o pipefail
buf=$1
shift

"$buf" lint
"$buf" format --diff --exit-code proto

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The contract as it stood before this commit and, where that is another, on the
# main line, against the one here.
"$buf" build --path proto/koppi -o "$work/now.binpb"
for base in HEAD~1 origin/main; do
  if git cat-file -e "$base:proto/koppi/common/v1/party.proto" 2>/dev/null; then
    rm -rf "$work/base" && mkdir "$work/base"
    git archive "$base" buf.yaml proto | tar -x -C "$work/base"
    cp -r .protodeps "$work/base/.protodeps"
    (cd "$work/base" && "$OLDPWD/$buf" build --path proto/koppi -o "$work/base.binpb")
    "$buf" breaking "$work/now.binpb" --against "$work/base.binpb" --exclude-imports
  fi
done

# A change of the contract has a line for those who use it.
go test ./deploy -run 'TestContractIsInTheChangelog|TestDeprecationsHaveADay'

# Generated code, anew and compared.
for template in proto/buf.gen.yaml gateway/contract/buf.gen.yaml gateway/docs/buf.gen.yaml; do
  out=$(sed -n 's/^ *out: //p' "$template" | head -1)
  rm -rf "$work/gen"
  sed "s#out: $out#out: $work/gen#" "$template" > "$work/gen.yaml"
  "$buf" generate --template "$work/gen.yaml"
  diff -r "$work/gen" "$out" || { echo 'generated code is stale: make generate'; exit 1; }
done

# The workspace hides missing requirements; each module must stand alone. One that requires all that it imports, in
# the versions of the workspace, compiles as it does there.
versions='{{with .Module}}{{if .Version}}{{.Path}} {{.Version}}{{end}}{{end}}'
go list -m -f '{{.Path}} {{.Version}}' all | sort -u > "$work/versions"
for module in "$@"; do
  (cd "$module" && GOWORK=off go mod tidy -diff) || { echo "module $module: cd $module && GOWORK=off go mod tidy"; exit 1; }
  (cd "$module" && GOWORK=off go list -deps -f "$versions" ./...) | sed '/^koppi.internal\//d' | sort -u > "$work/alone"
  others=$(comm -23 "$work/alone" "$work/versions")
  [ -z "$others" ] || { printf 'module %s alone uses these versions, and the workspace later ones: raise them by go get in %s, with GOWORK=off\n%s\n' "$module" "$module" "$others"; exit 1; }
done
