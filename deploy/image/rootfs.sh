#!/usr/bin/env bash
# Makes the image's root file system in a folder: static programs, the CAs that are
# generally believed, and a user. The Dockerfile copies what it makes, and nothing else.
set -eu -o pipefail
root=$1
here=$(dirname "$0")
mkdir -p "$root/bin" "$root/etc/ssl/certs"
mapfile -t programs < "$here/programs"
CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w' -o "$root/bin/" "${programs[@]}"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
echo 'koppi:x:65532:65532::/:/none' > "$root/etc/passwd"
echo 'koppi:x:65532:' > "$root/etc/group"
