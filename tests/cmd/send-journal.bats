#!/usr/bin/env bats
# pacs-send with a journal, and storage commitment: nothing twice, nothing
# missed, and never "committed" without the peer's word.

# shellcheck disable=SC2030,SC2031,SC2153 # PORT, PEER and the pids are set by the helper
load ../helper/env
load ../helper/peers

setup_file() {
	pacs_setup
	cd "$BATS_FILE_TMPDIR" || return
	pacs-phantom -o disc --modality=CT --studies=1 --instances=4 --rows=64 \
		--seed=5
	pacs-phantom -o many --modality=CT --studies=1 --instances=40 --rows=32 \
		--seed=6
}

setup() {
	pacs_setup
	disc=$BATS_FILE_TMPDIR/disc
	many=$BATS_FILE_TMPDIR/many
}

teardown() {
	peers_stop
}

stores() {
	grep -c '^store ' peer.log || :
}

fates() { # FIELDS: counted, of out
	cut -f"$1" out | LC_ALL=C sort | uniq -c | sed 's/^ *//' | tr '\t' ' '
}

@test "a second run with a journal sends nothing, and says what is there" {
	bad_peer
	exits 0 pacs-send --journal j "$PEER" "$disc"
	[ "$(stores)" -eq 4 ]
	exits 0 pacs-send --journal j --print -f outcome,reason,status,attempts \
		"$PEER" "$disc"
	[ "$(fates 1-4)" = "4 sent journal 0000 0" ]
	[ "$(stores)" -eq 4 ]
	grep -q PatientID <(sqlite3 j .dump) && return 1
	[ "$(sqlite3 j 'select count(*) from sent')" -eq 4 ]
}

@test "a journal is of one peer, and of the bytes" {
	bad_peer
	exits 0 pacs-send --journal j "$PEER" "$disc"
	exits 0 pacs-send --journal j "OTHER@127.0.0.1:$PORT" "$disc"
	[ "$(stores)" -eq 8 ]
	cp -r "$disc" d
	one=$(find d -type f | LC_ALL=C sort | head -n 1)
	chmod u+w "$one"
	dcmodify -nb -q -i SeriesDescription=corrected "$one"
	exits 0 pacs-send --journal j "$PEER" d
	[ "$(stores)" -eq 9 ]
}

@test "what was refused or unknown is sent again by the next run" {
	bad_peer store=status:C000@1 store=silent@2 --patience 3
	exits 75 pacs-send --journal j --timeout=1 --retry=0 "$PEER" "$disc"
	[ "$(stores)" -eq 0 ]
	exits 0 pacs-send --journal j "$PEER" "$disc"
	[ "$(stores)" -eq 4 ]
	[ "$(grep '^store' peer.log | cut -d' ' -f2 | sort -u | wc -l)" -eq 4 ]
}

@test "kill -9 at any time: the next run sends what is missing, nothing else" {
	bad_peer store=delay:0.01
	for i in 5 15 30; do
		pacs-send --journal j "$PEER" "$many" 2>err &
		pid=$!
		until [ "$(stores)" -ge "$i" ]; do :; done
		kill -9 "$pid"
		wait "$pid" || :
	done
	exits 0 pacs-send --journal j "$PEER" "$many"
	# The object in flight when it was killed may come twice: its answer was
	# not read. All others came once.
	[ "$(grep '^store' peer.log | cut -d' ' -f2 | sort -u | wc -l)" -eq 40 ]
	[ "$(stores)" -le 43 ]
	n=$(stores)
	exits 0 pacs-send --journal j "$PEER" "$many"
	[ "$(stores)" -eq "$n" ]
}

@test "a journal in use is status 75, another file is no journal" {
	bad_peer "store=delay:$(patience 1)@2"
	pacs-send --journal j "$PEER" "$disc" &
	pid=$!
	until [ "$(stores)" -ge 1 ]; do :; done
	exits 75 pacs-send --journal j "$PEER" "$disc"
	grep -q 'in use' err
	wait "$pid"
	echo 'no database at all, just some text' >text
	exits 4 pacs-send --journal text "$PEER" "$disc"
	sqlite3 other 'create table t(x)'
	exits 4 pacs-send --journal other "$PEER" "$disc"
	exits 4 pacs-send --journal nowhere/j "$PEER" "$disc"
}

# --- storage commitment --------------------------------------------------

@test "committed is what the peer says, on the same association" {
	bad_peer --event same
	exits 0 pacs-send --commit --print -f outcome,committed "$PEER" "$disc"
	[ "$(fates 1-2)" = "4 sent yes" ]
	grep -qx 'event answered' peer.log
	[ "$(grep -c '^association' peer.log)" -eq 1 ]
}

@test "what the peer says it has not is not committed: status 3" {
	bad_peer --event lie:1
	exits 3 pacs-send --commit --print -f outcome,committed "$PEER" "$disc"
	fates 1-2 | grep -qx '1 sent no'
	fates 1-2 | grep -qx '3 sent yes'
	grep -q 'not committed' err
}

@test "no word in time is unknown, never yes" {
	bad_peer --event never
	exits 3 pacs-send --commit --commit-wait=1 --print -f outcome,committed \
		"$PEER" "$disc"
	[ "$(fates 1-2)" = "4 sent unknown" ]
	for how in refused status silent abort; do
		case $how in
		refused) bad_peer --refuse 1.2.840.10008.1.20.1 ;;
		status) bad_peer action=status:0122 ;;
		silent) bad_peer action=silent ;;
		abort) bad_peer action=abort ;;
		esac
		exits 3 pacs-send --commit --commit-wait=1 --timeout=1 --print \
			-f outcome,committed "$PEER" "$disc"
		[ "$(fates 1-2)" = "4 sent unknown" ]
		peers_stop
	done
}

@test "a peer may say it on an association of its own" {
	port=$(free_port)
	bad_peer --event later:"$port"
	exits 0 pacs-send --commit --commit-port="$port" --commit-wait=10 --print \
		-f outcome,committed "$PEER" "$disc"
	[ "$(fates 1-2)" = "4 sent yes" ]
	grep -qx 'event answered' peer.log
}

@test "a word that comes when nobody listens any more is unknown; the next run asks again" {
	port=$(free_port)
	bad_peer --event later:"$port"
	exits 3 pacs-send --journal j --commit --commit-wait=0 --print \
		-f outcome,committed "$PEER" "$disc"
	[ "$(fates 1-2)" = "4 sent unknown" ]
	until grep -q '^callback-failed' peer.log; do :; done
	exits 0 pacs-send --journal j --commit --commit-port="$port" --print \
		-f outcome,reason,committed "$PEER" "$disc"
	[ "$(fates 1-3)" = "4 sent journal yes" ]
	[ "$(stores)" -eq 4 ]
	[ "$(grep -c ^action peer.log)" -eq 2 ]
}

@test "a word that an earlier run asked for is taken by a later one that listens" {
	port=$(free_port)
	bad_peer --event retry:"$port"
	exits 3 pacs-send --journal j --commit --commit-wait=0 "$PEER" "$disc"
	until grep -q '^callback-failed' peer.log; do :; done
	# Its own question is not answered, the earlier one is: that is enough.
	SECONDS=0
	exits 0 pacs-send --journal j --commit --commit-port="$port" \
		--commit-wait=30 --print -f outcome,reason,committed "$PEER" "$disc"
	[ "$SECONDS" -le 20 ]
	[ "$(fates 1-3)" = "4 sent journal yes" ]
	[ "$(grep -c '^event answered' peer.log)" -eq 1 ]
	# If it came before the later run asked, that had nothing to ask about.
	[ "$(grep -c ^action peer.log)" -le 2 ]
	[ "$(sqlite3 j 'select distinct committed from sent')" = 1 ]
}

@test "with a journal, only what is not committed is asked about again" {
	bad_peer --event never
	exits 3 pacs-send --journal j --commit --commit-wait=1 "$PEER" "$disc"
	kill "${PEER_PIDS[0]}"
	old=$PORT
	bad_peer --event same
	sqlite3 j "update sent set peer = replace(peer, ':$old', ':$PORT')"
	exits 0 pacs-send --journal j --commit --print -f outcome,reason,committed \
		"$PEER" "$disc"
	[ "$(fates 1-3)" = "4 sent journal yes" ]
	[ "$(stores)" -eq 0 ]
	[ "$(sqlite3 j 'select distinct committed from sent')" = 1 ]
	exits 0 pacs-send --journal j --commit "$PEER" "$disc"
	[ "$(grep -c ^action peer.log)" -eq 1 ]
}

# --- pace ----------------------------------------------------------------

@test "a rate is kept to" {
	size=$(du -sb --apparent-size "$disc" | cut -f1)
	bad_peer
	begin=${EPOCHREALTIME/./}
	exits 0 pacs-send --rate=$((size / 2)) "$PEER" "$disc"
	[ $((${EPOCHREALTIME/./} - begin)) -ge 1000000 ]
}

@test "outside of its window nothing is sent" {
	bad_peer
	exits 0 pacs-send --window="Sun-Sat 00:00-24:00" "$PEER" "$disc"
	day=$(date -d '2 days' +%a)
	pacs-send --window="$day 00:00-01:00" "$PEER" "$disc" 2>err &
	pid=$!
	until grep -q 'waiting for the window' err; do :; done
	kill -TERM "$pid"
	wait "$pid" || [ $? -eq 143 ]
	[ "$(stores)" -eq 4 ]
	exits 2 pacs-send --window=sometimes "$PEER" "$disc"
}

@test "a plan tells what would be sent and how, and sends nothing" {
	pacs-phantom -o mixed --modality=CT,SR --studies=1 --instances=2 --rows=32 \
		--seed=3
	bad_peer --refuse 1.2.840.10008.5.1.4.1.1.2 --syntax 1.2.840.10008.1.2
	exits 1 pacs-send --plan -f outcome,reason,objects,syntax_sent "$PEER" mixed
	grep -q '^refused	class-refused	[0-9]*	$' out
	grep -q '^native	syntax-refused	[0-9]*	1.2.840.10008.1.2$' out
	[ "$(wc -l <out)" -eq 2 ]
	[ "$(stores)" -eq 0 ]
	bad_peer
	exits 0 pacs-send --plan --rate=1000 -f outcome,seconds "$PEER" "$disc"
	[ "$(cut -f1 out)" = as-is ]
	[ "$(cut -f2 out | cut -d. -f1)" -ge 4 ]
}

@test "SIGHUP reads the address book again: the rate changes at once" {
	bad_peer
	mkdir -p .config/pacs
	book() {
		printf '[p]\ntitle=P\nhost=127.0.0.1\nport=%s\nrate=%s\n' \
			"$PORT" "$1" >.config/pacs/peers
	}
	book 1000
	pacs-send p "$disc" 2>err &
	pid=$!
	until grep -q '^association' peer.log; do :; done
	book 100M
	until ! kill -HUP "$pid" 2>/dev/null || grep -q 'again' err; do :; done
	SECONDS=0
	wait "$pid"
	[ "$SECONDS" -le 20 ]
	[ "$(stores)" -eq 4 ]
}

@test "SIGHUP opens and closes the window; a book that is wrong changes nothing" {
	bad_peer store=delay:0.2
	mkdir -p .config/pacs
	book() { # LINE...
		printf '%s\n' '[p]' title=P host=127.0.0.1 "port=$PORT" "$@" \
			>.config/pacs/peers
	}
	says() { # TEXT
		until grep -q "$1" err; do kill -0 "$pid" || return; done
	}
	closed="window=$(date -d '2 days' +%a) 00:00-01:00"
	book "$closed"
	pacs-send --print -f outcome p "$disc" >out 2>>err &
	pid=$!
	says 'waiting for the window'
	book nonsense
	kill -HUP "$pid"
	says "line 5: 'key = value' is wanted"
	[ "$(stores)" -eq 0 ]
	book
	kill -HUP "$pid"
	until [ "$(stores)" -ge 1 ]; do :; done
	: >err
	book "$closed"
	kill -HUP "$pid"
	says 'waiting for the window'
	# What had begun was finished, the association released.
	grep -qx released peer.log
	n=$(stores)
	[ "$n" -lt 4 ]
	kill -TERM "$pid"
	wait "$pid" || [ $? -eq 143 ]
	[ "$(grep -c '^sent$' out)" -eq "$n" ]
	[ "$(stores)" -eq "$n" ]
}
