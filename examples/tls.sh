#!/bin/sh
# TLS from nothing: an authority of our own, a certificate for each side. Ten
# lines of openssl; copy ca.pem and one pair NAME.pem, NAME.key to each machine.
#
#     tls.sh FOLDER pacs1.example.org 10.0.0.5 ...
set -eu
mkdir -p "$1" && cd "$1" && shift
umask 077
[ -e ca.key ] || openssl req -x509 -newkey rsa:3072 -sha256 -nodes -days 3650 \
	-subj "/CN=our own DICOM authority" -keyout ca.key -out ca.pem
for name; do
	case $name in *[!0-9.]*) kind=DNS ;; *) kind=IP ;; esac
	openssl req -newkey rsa:3072 -nodes -subj "/CN=$name" -keyout "$name.key" -out "$name.csr"
	echo "subjectAltName=$kind:$name" >"$name.ext"
	openssl x509 -req -sha256 -in "$name.csr" -CA ca.pem -CAkey ca.key \
		-CAcreateserial -days 800 -extfile "$name.ext" -out "$name.pem"
	rm "$name.csr" "$name.ext"
done
