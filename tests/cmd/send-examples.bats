#!/usr/bin/env bats
# The example scripts that send, to peers on this machine.

# shellcheck disable=SC2030,SC2031,SC2153 # PORT and the pids are set by the helper
load ../helper/env
load ../helper/peers

setup() {
	pacs_setup
	pacs-phantom -o disc --modality=CT,US --studies=1 --instances=2 --rows=32 \
		--seed=5
	pacs-init a
	export PACS_ARCHIVE=$PWD/a
	pacs-store disc
	PATH=$PACS_TOP/examples:$PATH
}

teardown() {
	peers_stop
}

@test "send-last-night sends what came, once, and forgives a peer that is away" {
	bad_peer
	n=$(pacs-find -L instance --count)
	exits 0 send-last-night.sh "$PEER"
	[ "$(grep -c ^store peer.log)" -eq "$n" ]
	exits 0 send-last-night.sh "$PEER"
	[ "$(grep -c ^store peer.log)" -eq "$n" ]
	printf '[away]\ntitle=A\nhost=127.0.0.1\nport=%s\n' "$(free_port)" >a/peers
	PATH=$PWD/bin:$PATH
	mkdir bin
	printf '#!/bin/sh\nexec "%s" --retry=1 "$@"\n' "$(command -v pacs-send)" \
		>bin/pacs-send
	chmod +x bin/pacs-send
	exits 0 send-last-night.sh away
	grep -q 'not there tonight' err
}

@test "route-by-modality sends each study where its rules say" {
	bad_peer
	first=$PEER
	cp peer.log one.log
	printf '# rules\nUS %s\n\n* %s\n' "US@${first#*@}" "ALL@${first#*@}" >rules
	exits 0 route-by-modality.sh rules
	all=$(pacs-find -L instance --count)
	study=$(pacs-find -f StudyInstanceUID Modality=US)
	us=$(pacs-find -L instance --count StudyInstanceUID="$study")
	grep -q '^association US ' peer.log
	grep -q '^association ALL ' peer.log
	[ "$(grep -c ^store peer.log)" -eq $((all + us)) ]
	exits 0 route-by-modality.sh rules
	[ "$(grep -c ^store peer.log)" -eq $((all + us)) ]
}

@test "tls.sh makes certificates that both sides trust" {
	exits 0 tls.sh keys 127.0.0.1 me
	bad_peer --cert keys/127.0.0.1.pem --key keys/127.0.0.1.key \
		--client-ca keys/ca.pem
	exits 0 pacs-send --tls --tls-ca=keys/ca.pem --tls-cert=keys/me.pem \
		--tls-key=keys/me.key "$PEER" disc
}

@test "peer-orthanc.sh sets an Orthanc up and sends to it" {
	PATH=$PATH:/usr/sbin need Orthanc
	n=$(pacs-find -L instance --count)
	exits 0 peer-orthanc.sh "$PWD/o" "$(free_port)" disc
	grep -q '^orthanc	ok	OFFIS_DCMTK' out
	grep -qx " *$n sent		0000" out
	[ "$(sqlite3 o/sent.db 'select count(*) from sent')" -eq "$n" ]
}

@test "peer-dcmqrscp.sh sets a dcmqrscp up, sends to it and finds it there" {
	need dcmqrscp findscu
	n=$(pacs-find -L instance --count)
	exits 0 peer-dcmqrscp.sh "$PWD/q" "$(free_port)" disc
	grep -q '^qr	ok	OFFIS_DCMTK' out
	grep -qx " *$n sent		0000" out
	grep -qx "studies there: $(pacs-find -L study --count)" out
}
