#!/usr/bin/env bats
# pacs-echo: reachability as records and a status, in time.

load ../helper/env
load ../helper/peers

setup() {
	pacs_setup
}

teardown() {
	peers_stop
}

@test "echo is answered by a peer, and says how soon" {
	bad_peer
	exits 0 pacs-echo -f peer,outcome,reason,status "$PEER"
	same out <<-END
		$PEER	ok		0000
	END
	[ ! -s err ]
	exits 0 pacs-echo --format=json "$PEER"
	grep -Eq '"connect_ms":[0-9]+\.[0-9]{3},"echo_ms":[0-9]+\.[0-9]{3}' out
	grep -qx released peer.log
}

@test "echo is answered by storescp" {
	need storescp
	real_peer storescp --ignore PORT
	exits 0 pacs-echo -f outcome,implementation "$PEER"
	grep -q '^ok	OFFIS_DCMTK' out
}

@test "echo gives 75 for a peer that is not there, busy, or silent" {
	exits 75 pacs-echo -f outcome,reason "ANY@127.0.0.1:$(free_port)"
	grep -qx 'failed	unreachable' out
	bad_peer associate=reject:2,3,1
	exits 75 pacs-echo -f outcome,reason "$PEER"
	grep -qx 'failed	rejected-transient' out
	bad_peer associate=silent
	exits 75 pacs-echo --timeout=1 -f outcome,reason "$PEER"
	grep -qx 'failed	timeout' out
	bad_peer echo=silent
	exits 75 pacs-echo --timeout=1 -f outcome,reason "$PEER"
	grep -qx 'failed	timeout' out
	bad_peer --deaf --backlog=1
	exits 75 pacs-echo --timeout=1 --connect-timeout=1 "$PEER"
	bad_peer echo=garbage
	exits 75 pacs-echo --timeout=1 -f outcome,reason "$PEER"
	grep -qx 'failed	protocol' out
}

@test "echo gives 4 for a peer that says no" {
	bad_peer associate=reject:1,1,7
	exits 4 pacs-echo -f outcome,reason "$PEER"
	grep -qx 'refused	rejected-permanent' out
	grep -q 'called title' err
	bad_peer --refuse all
	exits 4 pacs-echo -f outcome,reason "$PEER"
	grep -qx 'refused	class-refused' out
	bad_peer echo=status:0122
	exits 4 pacs-echo -f outcome,reason,status "$PEER"
	grep -qx 'refused	status	0122' out
}

@test "echo goes through several peers, and gives the status of the worst" {
	bad_peer
	exits 75 pacs-echo -f outcome "$PEER" "ANY@127.0.0.1:$(free_port)" "$PEER"
	[ "$(grep -c ok out)" -eq 2 ]
	[ "$(grep -c failed out)" -eq 1 ]
}

@test "echo lists what a peer takes" {
	bad_peer --syntax 1.2.840.10008.1.2 --syntax 1.2.840.10008.1.2.5
	exits 0 pacs-echo --contexts -f SOPClassUID,syntax "$PEER"
	grep -qx '1.2.840.10008.5.1.4.1.1.2	1.2.840.10008.1.2.5' out
	run ! grep -q '1.2.840.10008.1.2.1$' out
	[ "$(cut -f1 out | sort -u | wc -l)" -gt 100 ]
}

@test "echo finds peers by name, and names the line that is wrong" {
	bad_peer
	mkdir -p .config/pacs
	printf '[here]\ntitle = HERE\nhost = 127.0.0.1\nport = %s\naetitle = ME\n' \
		"$PORT" >.config/pacs/peers
	exits 0 pacs-echo -f peer,outcome here
	grep -qx 'here	ok' out
	grep -q '^association HERE ME' peer.log
	exits 2 pacs-echo there
	grep -q "'there' is no peer" err
	echo 'prot = 4' >>.config/pacs/peers
	exits 2 pacs-echo here
	grep -q "line 6: there is no key 'prot'" err
	mkdir conf
	mkdir conf/pacs
	printf '[here]\ntitle=A\nhost=127.0.0.1\nport=%s\n' "$PORT" >conf/pacs/peers
	XDG_CONFIG_HOME=$PWD/conf exits 0 pacs-echo here
	grep -q '^association A PACS-TOOLS' peer.log
}

@test "echo wants a peer that can be one" {
	exits 2 pacs-echo
	exits 2 pacs-echo '@127.0.0.1:104'
	exits 2 pacs-echo 'A@:104'
	exits 2 pacs-echo 'A@host'
	exits 2 pacs-echo 'A@ho st:104'
	exits 2 pacs-echo --tls-ca=x 'A@127.0.0.1:104'
	exits 2 pacs-echo --tls --tls-cert=x 'A@127.0.0.1:104'
	exits 2 pacs-echo --timeout=90000 'A@127.0.0.1:104'
}
