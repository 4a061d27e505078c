#!/bin/sh
# Makes, once, a CA and a certificate for each process, and folders that each can write.
# A process is known to others by its name, and to PostgreSQL by the role that it is.
set -eu
prepared=$1
cd "$prepared/certificates"

# give USER FOLDERS; who is not root has nothing to give away.
give() {
  user=$1
  shift
  [ "$(id -u)" != 0 ] || chown -R "$user:$user" "$@"
}

# issue FOLDER CN USER NAMES CA signs a certificate whose key USER alone can read.
issue() {
  [ -e "$1/tls.crt" ] && return
  mkdir -p "$1"
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1/tls.key" -subj "/CN=$2" -out "$1/request" 2>/dev/null
  printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$4" > "$1/extensions"
  openssl x509 -req -in "$1/request" -CA "$5/ca.crt" -CAkey "$5/ca.key" -days 825 -extfile "$1/extensions" -out "$1/tls.crt" 2>/dev/null
  rm "$1/request" "$1/extensions"
  cp "$5/ca.crt" "$1/ca.crt"
  chmod 600 "$1/tls.key"
  give "$3" "$1"
}

# authority FOLDER makes a CA.
authority() {
  [ -e "$1/ca.crt" ] && return
  mkdir -p "$1"
  chmod 700 "$1"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1/ca.key" -subj "/CN=Koppi $1" -days 3650 -out "$1/ca.crt" 2>/dev/null
}

authority inside
for service in concern referral consultation plan; do
  issue "$service" "koppi_$service" 65532 "DNS:$service" inside
done
issue owner koppi 65532 DNS:owner inside
issue gateway gateway 65532 DNS:gateway,DNS:localhost,IP:127.0.0.1 inside
issue postgres postgres 999 DNS:postgres inside
issue otel-collector otel-collector 10001 DNS:otel-collector inside
[ -e postgres/password ] || openssl rand -hex 32 > postgres/password

# A partner's system, to try with.
authority partners
issue kela etuus.kela.example 65532 DNS:etuus.kela.example partners
mkdir -p entrance
cp partners/ca.crt entrance/kela.crt
echo '[{"ca": "kela.crt", "agencies": {"kela": ["etuus.kela.example"]}}]' > entrance/partners.json

give 65532 "$prepared/secrets" "$prepared/papers" "$prepared/paper-keys"
chmod 700 "$prepared/secrets" "$prepared/papers" "$prepared/paper-keys"
