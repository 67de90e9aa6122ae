#!/usr/bin/env bats
# pacs: the door to the other commands.

load ../helper/env

setup() {
	pacs_setup
	mkdir own
}

# A command of one's own, in ./own, which shows what it was given.
own_command() {
	cat >"own/$1" <<-'EOT'
	#!/bin/sh
	echo "$(basename "$0"): $# arguments"
	for a; do echo "[$a]"; done
	exit 3
	EOT
	chmod +x "own/$1"
	PATH=$PATH:$PWD/own
}

@test "pacs find is pacs-find, with its arguments and its status" {
	exits 0 pacs find --version
	cp out long
	exits 0 pacs-find --version
	cmp out long
	exits 2 pacs find --no-such-option
	grep -qx "pacs-find: unknown option '--no-such-option'" err
}

@test "a command is looked for beside pacs, wherever that is, and through links" {
	mkdir elsewhere
	cp "$(native pacs)" elsewhere/pacs
	cat >elsewhere/pacs-find <<-'EOT'
	#!/bin/sh
	echo this one
	EOT
	chmod +x elsewhere/pacs-find
	ln -s "$PWD/elsewhere/pacs" link
	exits 0 ./link find
	same out <<<"this one"
}

@test "a command that is not beside pacs is looked for in PATH, arguments untouched" {
	own_command pacs-mine
	exits 3 pacs mine --help -- 'a b' '' -q
	same out <<-'EOT'
	pacs-mine: 5 arguments
	[--help]
	[--]
	[a b]
	[]
	[-q]
	EOT
	[ ! -s err ]
}

@test "an unknown command is wrong usage, with a suggestion" {
	exits 2 pacs fnid x y
	[ ! -s out ]
	same err <<-'EOT'
	pacs: there is no command 'fnid'; did you mean 'find'?
	pacs: try 'pacs --help'
	EOT
	exits 2 pacs zzzzzz
	grep -qx "pacs: there is no command 'zzzzzz'; 'pacs help' lists them" err
	exits 2 pacs
	grep -qx "pacs: a command is missing; 'pacs help' lists them" err
	exits 2 pacs --help=x
}

@test "a command that should be there and is not is status 4" {
	cp "$(native pacs)" alone
	PATH=/usr/bin:/bin exits 4 ./alone find
	same err <<<"pacs: 'pacs-find' is not installed"
}

@test "a command's name is a word, never a path" {
	own_command pacs-mine
	mkdir -p sub
	cp own/pacs-mine pacs-here
	exits 2 pacs ../own/pacs-mine
	exits 2 pacs '/bin/true'
	exits 2 pacs ''
	exits 2 pacs help ../find
	[ ! -s out ]
}

@test "pacs help maps every command that is built, with its own summary" {
	exits 0 pacs help
	[ ! -s err ]
	run awk 'length($0) > 80' out
	assert_output ""
	local program summary listed=0
	for program in "$PACS_BUILD"/bin/pacs-*; do
		case $program in *.so) continue ;; esac
		summary=$("$program" --help | sed -n 2p)
		program=${program##*/pacs-}
		printf '  pacs %-12s %s\n' "$program" "$summary" >line
		grep -qxFf line out || {
			cat line
			return 1
		}
		listed=$((listed + 1))
	done
	run grep -c '^  pacs ' out
	assert_output "$listed"
}

@test "pacs help COMMAND shows the manual, or else --help" {
	own_command man
	# Our man comes last in PATH; put it first.
	PATH=$PWD/own:$PATH
	printf '#!/bin/sh\n[ "$1" = -w ] || echo "page $1"\n' >own/man
	exits 0 pacs help find
	same out <<<"page pacs-find"
	printf '#!/bin/sh\nexit 16\n' >own/man
	exits 0 pacs help find
	head -n 1 out | grep -q '^Usage: pacs-find '
	exits 2 pacs help fnid
	grep -q "did you mean 'find'" err
	exits 2 pacs help find store
}

@test "pacs help does not fail silently when it cannot be written" {
	exits 4 sh -c 'pacs help >/dev/full'
}

@test "a command that pacs runs gets SIGPIPE as pacs got it" {
	own_command pacs-mine
	printf '#!/bin/sh\ngrep ^SigIgn: /proc/self/status\n' >own/pacs-mine
	exits 0 env --default-signal=PIPE pacs mine
	cp out through
	exits 0 env --default-signal=PIPE own/pacs-mine
	cmp out through
}
