#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# pki.sh FOLDER: a school's CA with the certificates that a test of refusals needs: of the broker (server: good; expired;
# elsewhere: for another host; foreign: of another CA) and of gate-1 (client, client2), with a CRL that revokes `client`.
set -euo pipefail
cd "$1"

cat >ca.conf <<'END'
[ca]
default_ca = one
[one]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any
unique_subject = no
x509_extensions = plain
[any]
commonName = supplied
[plain]
basicConstraints = CA:FALSE
[server]
subjectAltName = DNS:localhost
[elsewhere]
subjectAltName = DNS:elsewhere.example
END
: >index.txt
echo 1000 >serial

new_ca() { # NAME
	openssl req -x509 -batch -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 3650 \
		-subj "/CN=$1" -keyout "$1.key" -out "$1.pem"
}

sign() { # NAME COMMON-NAME CA EXTENSIONS [OPTION...]
	local name=$1 common=$2 ca=$3 extensions=$4
	shift 4
	openssl req -batch -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj "/CN=$common" \
		-keyout "$name.key" -out "$name.csr"
	openssl ca -batch -notext -config ca.conf -cert "$ca.pem" -keyfile "$ca.key" -in "$name.csr" \
		-out "$name.pem" -extensions "$extensions" "$@"
}

{
	new_ca ca
	new_ca other
	sign server localhost ca server
	sign expired localhost ca server -startdate 20200101000000Z -enddate 20200201000000Z
	sign elsewhere elsewhere.example ca elsewhere
	sign foreign localhost other server
	sign client gate-1 ca plain
	sign client2 gate-1 ca plain
	openssl ca -batch -config ca.conf -cert ca.pem -keyfile ca.key -gencrl -out empty.crl
	openssl ca -batch -config ca.conf -cert ca.pem -keyfile ca.key -revoke client.pem
	openssl ca -batch -config ca.conf -cert ca.pem -keyfile ca.key -gencrl -out revoked.crl
} >pki.log 2>&1 || {
	cat pki.log >&2
	exit 1
}
