#!/usr/bin/env bats
# pacs-send over a link that is slow, stalls or is cut, made by a relay, so that
# it can be tried anywhere; send-far.bats does the same with the kernel's means.

# shellcheck disable=SC2030,SC2031,SC2034,SC2153 # PORT, PEER and the pids are set by the helper
load ../helper/env
load ../helper/peers

setup() {
	pacs_setup
	pacs-phantom -o disc --modality=CT --studies=1 --instances=20 --rows=96 \
		--seed=5
}

teardown() {
	peers_stop
}

send() { # STATUS OPTION...
	exits "$1" pacs-send --print -f outcome,reason "${@:2}" disc
	LC_ALL=C sort out | uniq -c | sed 's/^ *//' | tr '\t' ' ' >fates
}

# Each object arrived, and so many of them twice at most.
arrived() { # TWICE
	[ "$(grep '^store' peer.log | cut -d' ' -f5 | sort -u | wc -l)" -eq 20 ]
	[ "$(grep -c ^store peer.log)" -le $((20 + $1)) ]
}

@test "a round trip of 50 ms only takes longer, and several associations share it" {
	bad_peer
	relay --delay 0.025
	begin=${EPOCHREALTIME/./}
	send 0 "$PEER"
	one=$((${EPOCHREALTIME/./} - begin))
	[ "$(cat fates)" = "20 sent " ]
	arrived 0
	[ "$one" -ge 1000000 ] # twenty round trips, none saved and none skipped
	peers_stop
	bad_peer
	relay --delay 0.025
	begin=${EPOCHREALTIME/./}
	send 0 -j 4 "$PEER"
	four=$((${EPOCHREALTIME/./} - begin))
	[ "$(cat fates)" = "20 sent " ]
	arrived 0
	[ "$four" -lt "$one" ]
}

@test "stalls that are shorter than --timeout cost no association" {
	bad_peer
	relay --delay 0.01 --stall 100000,1
	send 0 --timeout=4 "$PEER"
	[ "$(cat fates)" = "20 sent " ]
	arrived 0
	[ "$(grep -c ^stalled relay.log)" -ge 2 ]
	[ "$(grep -c ^association peer.log)" -eq 1 ]
	[ ! -s err ]
}

@test "a stall that is longer costs one association, and nothing is lost" {
	bad_peer
	relay --stall 200000,6,1
	send 0 --timeout=2 --retry=20 "$PEER"
	[ "$(cat fates)" = "20 sent " ]
	arrived 1
	[ "$(grep -c ^association peer.log)" -eq 2 ]
	grep -q 'silent for too long; again in' err
}

@test "a cable that is pulled is seen in time, and one that is back is used" {
	bad_peer store=delay:0.05
	relay
	pacs-send --print -f outcome --timeout=1 --retry=60 "$PEER" disc \
		>out 2>err &
	pid=$!
	until [ "$(grep -c ^store peer.log)" -ge 5 ]; do :; done
	kill -USR1 "$RELAY"
	until grep -q 'silent for too long; again in' err; do :; done
	kill -USR2 "$RELAY"
	wait "$pid"
	[ "$(sort out | uniq -c | tr -d ' ')" = 20sent ]
	arrived 2
	# For good: no connection is refused, none answers. Half open.
	kill -USR1 "$RELAY"
	SECONDS=0
	send 75 --timeout=1 --retry=2 "$PEER"
	[ "$SECONDS" -le 10 ]
	[ "$(cat fates)" = "20 failed timeout" ]
}
