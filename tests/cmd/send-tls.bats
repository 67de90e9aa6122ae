#!/usr/bin/env bats
# pacs-send and pacs-echo over TLS: who is trusted, and who is not.

# shellcheck disable=SC2030,SC2031,SC2153 # PORT, PEER and the pids are set by the helper
load ../helper/env
load ../helper/peers

# certificate NAME DAYS SUBJECT-ALT-NAME CA
certificate() {
	openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" \
		-subj "/CN=$1" 2>/dev/null
	printf 'subjectAltName=%s\n' "$3" >"$1.ext"
	openssl x509 -req -in "$1.csr" -CA "$4.pem" -CAkey "$4.key" \
		-CAcreateserial -days "$2" -extfile "$1.ext" -out "$1.pem" \
		2>/dev/null
}

authority() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.pem" \
		-days 30 -subj "/CN=$1" 2>/dev/null
}

setup_file() {
	pacs_setup
	cd "$BATS_FILE_TMPDIR" || return
	authority ca
	authority stranger
	certificate good 30 IP:127.0.0.1,DNS:localhost ca
	certificate soon 3 IP:127.0.0.1 ca
	certificate other 30 DNS:other.example.org ca
	certificate foreign 30 IP:127.0.0.1 stranger
	certificate old 0 IP:127.0.0.1 ca
	certificate me 30 DNS:me ca
	openssl req -x509 -newkey rsa:2048 -nodes -keyout alone.key -out alone.pem \
		-days 30 -subj "/CN=alone" -addext subjectAltName=IP:127.0.0.1 \
		2>/dev/null
	pacs-phantom -o disc --modality=CT --studies=1 --instances=3 --rows=64 \
		--seed=5
}

setup() {
	pacs_setup
	keys=$BATS_FILE_TMPDIR
	disc=$keys/disc
}

teardown() {
	peers_stop
}

tls_peer() { # NAME [OPTION...]
	local name=$1
	shift
	bad_peer --cert "$keys/$name.pem" --key "$keys/$name.key" "$@"
}

send() { # STATUS OPTION...
	local want=$1
	shift
	exits "$want" pacs-send --retry=1 --timeout=5 --print -f outcome,reason \
		--tls "$@" "$PEER" "$disc"
	LC_ALL=C sort -u out >fates
}

@test "a peer with a certificate that is trusted is sent to" {
	tls_peer good
	send 0 --tls-ca="$keys/ca.pem"
	[ "$(cat fates)" = "sent	" ]
	[ "$(grep -c ^store peer.log)" -eq 3 ]
	exits 0 pacs-echo --tls --tls-ca="$keys/ca.pem" --format=json \
		-f outcome,tls_version,tls_suite,tls_expires "$PEER"
	grep -q '"tls_version":"TLSv1.[23]"' out
	grep -Eq '"tls_expires":"20[0-9-]*T[0-9:.]*Z"' out
}

@test "a certificate that is wrong, expired, self-signed, or of a stranger gives 4 at once" {
	for name in foreign other old alone; do
		tls_peer "$name"
		send 4 --tls-ca="$keys/ca.pem"
		[ "$(cat fates)" = "failed	tls" ]
		[ "$(grep -c ^association peer.log)" -eq 0 ]
		exits 4 pacs-echo --tls --tls-ca="$keys/ca.pem" -f outcome,reason \
			"$PEER"
		grep -qx 'refused	tls' out
		peers_stop
	done
	tls_peer good
	send 4
	[ "$(cat fates)" = "failed	tls" ]
}

@test "a self-signed certificate is trusted if it is named itself" {
	tls_peer alone
	send 0 --tls-ca="$keys/alone.pem"
	[ "$(cat fates)" = "sent	" ]
}

@test "the name can be another one, if it is said" {
	tls_peer other
	send 0 --tls-ca="$keys/ca.pem" --tls-name=other.example.org
	send 0 --tls-ca="$keys/ca.pem" --tls-name='*'
	send 4 --tls-ca="$keys/ca.pem" --tls-name=another.example.org
}

@test "a peer that wants to know us gets our certificate" {
	tls_peer good --client-ca "$keys/ca.pem"
	send 0 --tls-ca="$keys/ca.pem" --tls-cert="$keys/me.pem" \
		--tls-key="$keys/me.key"
	exits 4 pacs-send --tls --tls-ca="$keys/ca.pem" \
		--tls-cert="$keys/me.pem" --tls-key="$keys/good.key" "$PEER" "$disc"
	grep -q 'does not belong' err
}

@test "plain is not sent to a TLS peer, nor TLS to a plain one" {
	tls_peer good
	exits 75 pacs-send --retry=1 --timeout=2 "$PEER" "$disc"
	bad_peer
	exits 75 pacs-send --retry=1 --timeout=2 --tls --tls-ca="$keys/ca.pem" \
		"$PEER" "$disc"
	[ "$(grep -c ^store peer.log)" -eq 0 ]
}

@test "echo says no to a certificate that ends soon" {
	tls_peer soon
	exits 4 pacs-echo --tls --tls-ca="$keys/ca.pem" -f outcome,reason "$PEER"
	grep -qx 'refused	expires' out
	exits 0 pacs-echo --tls --tls-ca="$keys/ca.pem" --expires=1 "$PEER"
}

@test "TLS may stand in the address book" {
	tls_peer good
	mkdir -p .config/pacs
	cat >.config/pacs/peers <<-END
		[safe]
		title = SAFE
		host = 127.0.0.1
		port = $PORT
		tls = yes
		tls-ca = $keys/ca.pem
	END
	exits 0 pacs-send safe "$disc"
	[ "$(grep -c ^store peer.log)" -eq 3 ]
}

@test "storescp over TLS takes everything" {
	need storescp
	mkdir in
	real_peer storescp -od in +tls "$keys/good.key" "$keys/good.pem" \
		+cf "$keys/ca.pem" PORT
	send 0 --tls-ca="$keys/ca.pem" --tls-cert="$keys/me.pem" \
		--tls-key="$keys/me.key"
	[ "$(find in -type f | wc -l)" -eq 3 ]
}
