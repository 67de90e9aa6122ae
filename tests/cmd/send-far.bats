#!/usr/bin/env bats
# pacs-send over a link that is slow, loses packets or is cut: two network
# namespaces and a cable between them, where the kernel and the user allow it.

# shellcheck disable=SC2030,SC2031,SC2034,SC2153 # PORT, PEER and the pids are set by the helper
load ../helper/env
load ../helper/peers

setup() {
	pacs_setup
	here=pacs-a-$$ there=pacs-b-$$
}

teardown() {
	peers_stop
	ip netns del "$here" 2>/dev/null || :
	ip netns del "$there" 2>/dev/null || :
	rm -rf "/etc/netns/$here"
}

# cable: the peer is at 192.0.2.2, and nothing at 192.0.2.3.
cable() {
	need ip tc
	ip netns add "$here" 2>/dev/null || skip "no network namespaces here"
	ip netns add "$there"
	ip link add va netns "$here" type veth peer name vb netns "$there" ||
		skip "the kernel has no veth"
	ip -n "$here" address add 192.0.2.1/24 dev va
	ip -n "$there" address add 192.0.2.2/24 dev vb
	ip -n "$here" link set lo up
	ip -n "$here" link set va up
	ip -n "$there" link set lo up
	ip -n "$there" link set vb up
	PEER_RUN=(ip netns exec "$there")
	bad_peer --host 0.0.0.0 "$@"
	PEER_RUN=()
	PEER=ANY@192.0.2.2:$PORT
}

send() { # STATUS OPTION...
	local want=$1
	shift
	exits "$want" ip netns exec "$here" env PATH="$PATH" pacs-send --print \
		-f outcome,reason "$@"
	LC_ALL=C sort out | uniq -c | sed 's/^ *//' | tr '\t' ' ' >fates
}

@test "a link with 40 ms and lost packets only takes longer" {
	long
	cable
	pacs-phantom -o disc --modality=CT --instances=40 --rows=256 --seed=5
	for side in "$here va" "$there vb"; do
		# shellcheck disable=SC2086 # two words
		set -- $side
		ip netns exec "$1" tc qdisc add dev "$2" root netem delay 20ms \
			5ms loss 2% || skip "the kernel has no netem"
	done
	for jobs in 1 4; do
		send 0 -j "$jobs" "$PEER" disc
		[ "$(cat fates)" = "40 sent " ]
	done
	[ "$(grep -c ^store peer.log)" -eq 80 ]
	[ "$(grep '^store' peer.log | cut -d' ' -f5 | sort -u | wc -l)" -eq 40 ]
}

@test "a cable that is pulled is seen in time, and one that is back is used" {
	long
	cable store=delay:0.05
	pacs-phantom -o disc --modality=CT --instances=40 --rows=64 --seed=5
	# Pulled: nothing comes back, no reset, no end.
	send 0 --timeout=2 --retry=60 "$PEER" disc &
	pid=$!
	until [ "$(grep -c ^store peer.log)" -ge 10 ]; do :; done
	ip -n "$there" link set vb down
	read -rt 4 <> <(:) || :
	ip -n "$there" link set vb up
	wait "$pid"
	grep -q 'silent for too long\|No route to host\|timed out' err
	[ "$(cat fates)" = "40 sent " ]
	[ "$(grep '^store' peer.log | cut -d' ' -f2 | sort -u | wc -l)" -eq 40 ]
	# For good: bounded by --retry and --timeout.
	ip -n "$there" link set vb down
	SECONDS=0
	send 75 --timeout=2 --connect-timeout=2 --retry=3 "$PEER" disc
	[ "$SECONDS" -le 12 ]
	grep -q '^40 failed unreachable' fates
}

@test "a name with several addresses is tried at each of them" {
	long
	cable
	pacs-phantom -o disc --modality=CT --instances=1 --rows=64 --seed=5
	mkdir -p "/etc/netns/$here"
	printf '192.0.2.3 two\n192.0.2.2 two\n' >"/etc/netns/$here/hosts"
	send 0 --connect-timeout=4 --retry=0 "ANY@two:$PORT" disc
	send 75 --connect-timeout=2 --retry=0 "ANY@192.0.2.3:$PORT" disc
	[ "$(cat fates)" = "1 failed unreachable" ]
}
