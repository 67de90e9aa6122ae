# Peers on free ports of 127.0.0.1: `load ../helper/peers`, and in teardown
# `peers_stop`. Each sets PORT (and PEER, "ANY@127.0.0.1:PORT").
# shellcheck shell=bash disable=SC2034

PEER_PIDS=()
PEER_RUN=() # what it is run by

# peer_started FILE PID: wait for the line "port N" in FILE.
peer_started() {
	local tries=0
	PEER_PIDS+=("$2")
	until PORT=$(sed -n 's/^port //p' "$1") && [ -n "$PORT" ]; do
		kill -0 "$2" || return
		[ $((tries += 1)) -lt 400 ] || return
		read -rt 0.025 <> <(:) || :
	done
	PEER=ANY@127.0.0.1:$PORT
}

# bad_peer [OPTION...]: tests/helper/peer.py; what happens to it is in peer.log.
bad_peer() {
	: >peer.log
	"${PEER_RUN[@]}" /usr/bin/python3 -I -S "$PACS_TOP/tests/helper/peer.py" \
		"$@" >peer.log \
		2>peer.err 3>&- </dev/null &
	peer_started peer.log $!
}

# relay [OPTION...]: tests/helper/relay.py before the peer at PORT; what it says
# is in relay.log, its pid in RELAY.
relay() {
	: >relay.log
	/usr/bin/python3 -I -S "$PACS_TOP/tests/helper/relay.py" "$@" "$PORT" \
		>relay.log 2>relay.err 3>&- </dev/null &
	RELAY=$!
	peer_started relay.log "$RELAY"
}

# A port that nothing listens on, for now.
free_port() {
	/usr/bin/python3 -c 'import socket; s = socket.socket()
s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# listens PORT PID: wait until something takes connections there.
listens() {
	local tries=0
	until (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
		kill -0 "$2" || return
		[ $((tries += 1)) -lt 400 ] || return
		read -rt 0.025 <> <(:) || :
	done
}

# real_peer COMMAND...: one that is given its port by the word PORT.
real_peer() {
	local p words=()
	PORT=$(free_port)
	for p; do words+=("${p//PORT/$PORT}"); done
	TCP_NODELAY=1 "${words[@]}" >real.log 2>&1 3>&- </dev/null &
	PEER_PIDS+=($!)
	listens "$PORT" $!
	PEER=ANY@127.0.0.1:$PORT
}

peers_stop() {
	local pid
	for pid in "${PEER_PIDS[@]}"; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	PEER_PIDS=()
}
