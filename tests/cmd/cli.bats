#!/usr/bin/env bats
# What all programs share, shown by tests/tools/cli-probe.

load ../helper/env

setup() {
	pacs_setup
	PATH=$PACS_BUILD/tools:$PATH
}

# usage PATTERN ARGUMENT...: wrong usage; stderr begins so, stdout is empty.
usage() {
	local pattern=$1
	shift
	exits 2 cli-probe "$@"
	[ ! -s out ]
	grep -qxF -- "cli-probe: $pattern" err || {
		cat err
		return 1
	}
	grep -qxF "cli-probe: try 'cli-probe --help'" err
}

# A terminal for stdout and stderr; its bytes go to ./tty without CR.
on_terminal() {
	need script
	TERM=dumb script -qec "$*" /dev/null >tty.raw </dev/null
	tr -d '\r' <tty.raw >./tty
}

@test "options have short, long and joined forms, and operands stay in order" {
	exits 0 cli-probe -a A1 options -f X,Y one -j3 --level=series -n0qvv \
		--flag --number 7 -s2K -w x --why=y --file f two -- -z --
	same out <<-'EOT'
	archive=A1 format=- fields=X,Y jobs=3 dry=1 nul=1 quiet=1 verbose=2
	level=series flag=1 number=7 size=2048 file=f
	why=x
	why=y
	operand=options
	operand=one
	operand=two
	operand=-z
	operand=--
	EOT
	[ ! -s err ]
}

@test "a lone dash is an operand" {
	exits 0 cli-probe options -
	grep -qx 'operand=-' out
}

@test "PACS_ARCHIVE names the archive unless -a does" {
	PACS_ARCHIVE=/env exits 0 cli-probe archive
	same out <<<"/env"
	PACS_ARCHIVE=/env exits 0 cli-probe -a /opt archive
	same out <<<"/opt"
	PACS_ARCHIVE='' usage "no archive: give -a DIR or set PACS_ARCHIVE" archive
}

@test "workers are the CPUs this process may use by default" {
	exits 0 cli-probe options
	grep -q " jobs=$(nproc) " out
	need taskset
	exits 0 taskset -c 0 cli-probe options
	grep -q " jobs=1 " out
}

@test "sizes take K, M, G, T and nothing else" {
	local given want
	while read -r given want; do
		exits 0 cli-probe --size="$given" options
		grep -q " size=$want " out
	done <<-'EOT'
	0 0
	1 1
	1k 1024
	3M 3145728
	2G 2147483648
	1T 1099511627776
	18446744073709551615 18446744073709551615
	EOT
	usage "option '--size': '18446744073709551616' is too large" --size=18446744073709551616
	usage "option '-s': '99999999T' is too large" -s 99999999T
	usage "option '-s': '1MB' is not a size (bytes, or with K, M, G, T)" -s 1MB
	usage "option '-s': '-1' is not a number" -s -1
	usage "option '-s': '' is not a number" -s ''
}

@test "numbers are decimal digits, all of them" {
	usage "option '--number': '12x' is not a number" --number=12x
	usage "option '--number': '0x10' is not a number" --number 0x10
	usage "option '--jobs' takes 1 to 1024" -j 0
	usage "option '--jobs' takes 1 to 1024" -j 1025
}

@test "wrong usage is named, with a suggestion where one is near" {
	usage "unknown option '--flga'; did you mean '--flag'?" --flga
	usage "unknown option '--zzzz'" --zzzz
	usage "unknown option '-z'" -qz
	usage "option '--level': unknown word 'serie'; did you mean 'series'?" --level=serie
	usage "option '-L': 'zzz' is none of patient|study|series" -L zzz
	usage "option '--flag' takes no value" --flag=yes
	usage "option '--number' needs a value: N" --number
	usage "option '-a' needs a value: DIR" -a
	usage "option '-a': the value is empty" -a ''
	usage "option '--file': the value is empty" --file=
}

@test "an option with one value is given once, or twice the same" {
	usage "option '--level' is given twice, with different values" \
		--level=study -L study --level=series options
	usage "option '-a' is given twice, with different values" -a A -a B archive
	exits 0 cli-probe -a A --archive=A archive
	same out <<<"A"
	exits 0 cli-probe -w x -w y options
	grep -qx why=y out
}

@test "an abbreviated long option is refused, though it is clear" {
	usage "unknown option '--arch'; did you mean '--archive'?" --arch=x
	usage "unknown option '--fla'; did you mean '--flag'?" --fla
}

@test "--help fits 80 columns and names every option once" {
	exits 0 cli-probe --help
	[ ! -s err ]
	run awk 'length($0) > 80' out
	assert_output ""
	head -n 2 out >first
	same first <<-'EOT'
	Usage: cli-probe [OPTION...] [ACTION ...]
	exercise what all programs share
	EOT
	local name
	for name in $(cli-probe --dump-options | awk -F'\t' \
		'$1 != "verb" && $1 != "field" { print $2 }'); do
		run grep -cE -- "--$name([ =]|\$)" out
		assert_output 1
	done
	run grep -c dump-options out
	assert_output 0
	grep -q '^More: man cli-probe$' out
	grep -q '^Exit: 0 ' out
	cp out long
	exits 0 cli-probe -h
	cmp out long
}

@test "--version names program, toolkit, version and what it knows" {
	exits 0 cli-probe --version
	same out <<-'EOT'
	cli-probe (pacs-tools) 0.1.0
	about line
	EOT
	exits 0 cli-probe -V
	exits 4 sh -c 'cli-probe --version >/dev/full'
}

@test "--dump-options has five columns an option, and the fields" {
	exits 0 cli-probe --dump-options
	run awk -F'\t' '$1 != "field" && NF != 5' out
	assert_output ""
	grep -qxF $'a\tarchive\tDIR\tdir\tthe archive, else PACS_ARCHIVE' out
	grep -qxF $'\tflag\t\t\ta flag' out
	grep -qxF $'field\tCount\thow many' out
}

@test "TSV escapes tab, newline, CR and backslash, and has no header" {
	exits 0 cli-probe -f PatientName,Count,whole,path hostile
	printf '%s\n' 'tab\there\nline\rcr\\back	007	false	' \
		$'quote"comma, \e[31mred\xff\t\t\t' $'山田\t12\ttrue\tlast' |
		cmp - out
}

@test "-0 ends TSV records and lines in NUL" {
	exits 0 cli-probe -0 record record line=x
	printf 'A^B\t3\ttrue\0A^B\t3\ttrue\0x\0' | cmp - out
}

@test "CSV is RFC 4180, with a header even when nothing was found" {
	exits 0 cli-probe --format=csv hostile
	printf 'PatientName,Count,whole\r\n"tab\there\nline\rcr\\back",007,false\r\n"quote""comma, \e[31mred\xff",,\r\n山田,12,true\r\n' |
		cmp - out
	exits 0 cli-probe --format=csv none
	printf 'PatientName,Count,whole,path\r\n' | cmp - out
}

@test "JSON has every selected key, null for none, and is valid for any bytes" {
	exits 0 cli-probe --format=json -f PatientName,Count,whole,path hostile
	python3 - <<-'EOT'
	import json
	rows = [json.loads(line) for line in open("out", encoding="utf-8")]
	assert len(rows) == 3, rows
	for row in rows:
	    assert list(row) == ["PatientName", "Count", "whole", "path"], row
	assert rows[0] == {"PatientName": "tab\there\nline\rcr\\back",
	                   "Count": "007", "whole": False, "path": None}
	assert rows[1]["PatientName"] == 'quote"comma, \x1b[31mred\ufffd'
	assert rows[1]["Count"] is None and rows[1]["path"] == ""
	assert rows[2] == {"PatientName": "山田", "Count": 12, "whole": True,
	                   "path": "last"}
	EOT
}

@test "a table is aligned, has a header, and no control characters" {
	exits 0 cli-probe --format=table hostile
	same out <<-'EOT'
	PatientName             Count  whole
	tab?here?line?cr\back     007  false
	quote"comma, ?[31mred?
	山田                       12  true
	EOT
	exits 0 cli-probe --format=table none
	[ ! -s out ]
}

@test "a table of many rows loses none" {
	exits 0 cli-probe --format=table many=2500
	run awk 'NR > 1 { if ($2 != NR - 2) exit 1; n++ } END { print n }' out
	assert_success
	assert_output 2500
}

@test "records are a table on a terminal, TSV elsewhere, TSV with -0" {
	on_terminal cli-probe record
	same tty <<-'EOT'
	PatientName  Count  whole
	A^B              3  true
	EOT
	exits 0 cli-probe record
	same out <<<$'A^B\t3\ttrue'
	on_terminal cli-probe -0 record
	printf 'A^B\t3\ttrue\0' | cmp - tty
}

@test "-f chooses fields and their order; unknown and doubled ones are refused" {
	exits 0 cli-probe -f path,PatientName record
	same out <<<$'p\tA^B'
	usage "unknown field 'count'; did you mean 'Count'?" -f count record
	usage "unknown field ''" -f path,,Count record
	usage "field 'path' is named twice" -f path,Count,path record
}

@test "diagnostics go to stderr, one line each, without control characters" {
	exits 0 cli-probe diag
	[ ! -s out ]
	same err <<-'EOT'
	cli-probe: warned
	cli-probe: said
	cli-probe: a?forged ?[31m line "quoted"
	cli-probe: item: broken
	EOT
	exits 0 cli-probe -v -q diag
	grep -qx 'cli-probe: noted' err
	run grep -c said err
	assert_output 0
}

@test "--log=json makes every diagnostic a JSON object" {
	exits 2 cli-probe --log=json -v diag progress --progress=always frobnicate
	python3 - <<-'EOT'
	import json, re
	rows = [json.loads(line) for line in open("err", encoding="utf-8")]
	assert [r["level"] for r in rows] == [
	    "warning", "debug", "info", "warning", "error", "warning",
	    "progress", "error"], rows
	for r in rows:
	    assert list(r) == ["time", "program", "level", "message"], r
	    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", r["time"])
	    assert r["program"] == "cli-probe"
	assert rows[3]["message"] == 'a\nforged \x1b[31m line "quoted"'
	EOT
}

@test "lines from threads are never mixed" {
	exits 0 cli-probe threads
	run sort -u err
	assert_output "cli-probe: a line from a thread"
	run wc -l <err
	assert_output 2000
	exits 0 cli-probe --progress=always threads
	run grep -c '^cli-probe: a line from a thread$' err
	assert_output 2000
	run grep -vcE '^cli-probe: (a line from a thread|threads  [0-9]+ of 2000.*)$' err
	assert_output 0
}

@test "progress shows on a terminal only, and leaves nothing behind" {
	exits 0 cli-probe progress
	same err <<<"cli-probe: in between"
	on_terminal cli-probe progress
	same tty <<<"cli-probe: in between"
	exits 0 cli-probe --progress=always progress
	grep -q '^cli-probe: probing  10 of 10  10.0 KiB of 10.0 KiB' err
	exits 0 cli-probe --progress=never progress
	same err <<<"cli-probe: in between"
}

@test "a list on stdin is lines, or NUL-separated with -0" {
	printf 'a\nb c\n\nlast' >list
	cli-probe items <list >out 2>err
	printf 'a\nb c\nlast\n' | cmp - out
	[ ! -s err ]
	printf 'a\nb\0c\0' >list
	cli-probe -0 items <list >out 2>err
	printf 'a\nb\0c\0' | cmp - out
}

@test "a list with the ends of lines of Windows is told, once" {
	printf 'a\r\n\r\nb\r\n' >list
	exits 0 sh -c 'cli-probe items <list'
	printf 'a\r\n\r\nb\r\n' | cmp - out
	same err <<<"cli-probe: item 1 on standard input ends in a carriage return: if the list came from Windows, pipe it through tr -d '\\r'"
	printf 'a\r\0' >list
	exits 0 sh -c 'cli-probe -0 items <list'
	[ ! -s err ]
}

@test "an item that cannot be taken makes status 3, the others are done" {
	printf 'a\0b\n' >list
	head -c 70000 /dev/zero | tr '\0' x >>list
	printf '\nlast\n' >>list
	run --separate-stderr -3 cli-probe items <list
	assert_output last
	assert_equal "${#stderr_lines[@]}" 2
	assert_equal "${stderr_lines[0]}" "cli-probe: item 1 on standard input: holds a NUL byte, skipped (-0 reads NUL-separated lists)"
	assert_equal "${stderr_lines[1]}" "cli-probe: item 2 on standard input: longer than 64 KiB, skipped"
}

@test "a list that cannot be read makes status 4" {
	exits 4 sh -c 'cli-probe items </'
	same err <<<"cli-probe: cannot read the list on standard input: Is a directory"
	exits 4 sh -c 'cli-probe items <&-'
	same err <<<"cli-probe: cannot read the list on standard input: Bad file descriptor"
}

@test "statuses: 0, 1, 3, and the error that ended the run" {
	exits 0 cli-probe 'done'
	[ ! -s err ]
	exits 1 cli-probe no
	exits 3 cli-probe 'done' failed
	exits 3 cli-probe no failed
	exits 4 cli-probe failed nospc
	same err <<<"cli-probe: the run cannot go on"
	exits 75 cli-probe busy
	exits 3 cli-probe -v 'done' 'done' failed
	same err <<<"cli-probe: 2 done, 1 failed"
}

@test "records printed before a fatal error are not lost" {
	exits 4 cli-probe record nospc
	same out <<<$'A^B\t3\ttrue'
}

@test "a full disk under stdout is status 4, said once" {
	exits 4 sh -c 'cli-probe many=100000 >/dev/full'
	same err <<<"cli-probe: cannot write to standard output: No space left on device"
	exits 4 sh -c 'cli-probe record >/dev/full'
	exits 4 sh -c 'cli-probe --help >/dev/full'
	exits 4 sh -c 'cli-probe no failed record >/dev/full'
}

@test "a closed stdout is status 4 when something was to be printed" {
	exits 4 sh -c 'cli-probe record >&-'
	exits 0 sh -c 'cli-probe "done" >&-'
}

@test "a reader that leaves makes status 4 without a word" {
	cli-probe many=200000 2>err | head -n 1 >out &&
		status=("${PIPESTATUS[@]}")
	assert_equal "${status[0]}" 4
	same out <<<$'row\t0\ttrue'
	[ ! -s err ]
}

@test "a reader that leaves after everything was written makes status 0" {
	cli-probe record | head -n 1 >out && status=("${PIPESTATUS[@]}")
	assert_equal "${status[0]}" 0
}

# Start cli-probe in the background, where it says that it waits; its pid is
# $pid. A job of a script ignores SIGINT, so env gives it back.
start() {
	mkfifo said
	env --default-signal=INT cli-probe "$@" >out 2>said 3>&- &
	pid=$!
	exec 7<said
	read -r -u 7 line
	assert_equal "$line" "cli-probe: waiting"
}

@test "SIGINT and SIGTERM end the run by that signal, after flushing" {
	local name number
	for name in INT:2 TERM:15 HUP:1; do
		number=${name#*:}
		rm -f said
		start record wait record
		kill -s "${name%:*}" "$pid"
		status=0
		wait "$pid" || status=$?
		assert_equal "$status" $((128 + number))
		same out <<-'EOT'
		A^B	3	true
		A^B	3	true
		EOT
	done
}

@test "a second SIGINT kills at once" {
	start deaf
	kill -INT "$pid"
	read -r -u 7 line
	assert_equal "$line" "cli-probe: asked once"
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	assert_equal "$status" 130
}

@test "an ignored SIGINT stays ignored" {
	mkfifo said
	env --ignore-signal=INT cli-probe wait >out 2>said 3>&- &
	pid=$!
	exec 7<said
	read -r -u 7 line
	kill -INT "$pid"
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	assert_equal "$status" 143
}

@test "after a signal a reader that stalls does not hold the program" {
	mkfifo data
	exec 8<>data
	env --default-signal=INT cli-probe many=20000 >data 2>err 3>&- 8>&- &
	pid=$!
	# Wait until the pipe is full: nobody reads it.
	timeout 20 python3 -c 'import select
while select.select([], [8], [], 0)[1]: pass' 3>&-
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	assert_equal "$status" 130
}

@test "every command refuses an empty operand, before it does anything" {
	local p
	for p in "$PACS_BUILD"/bin/pacs-*; do
		p=${p##*/}
		case $p in *.so) continue ;; esac
		exits 2 "$p" ''
		exits 2 "$p" x ''
		grep -q "^$p: an operand is empty$" err
		[ ! -s out ]
	done
}

@test "a rate of nothing is a mistake" {
	local c
	for c in pacs-verify 'pacs-backup create' 'pacs-send X@127.0.0.1:1 y'; do
		# shellcheck disable=SC2086 # words
		exits 2 $c --rate=0
		grep -q "option '--rate': nothing would ever be done at 0" err
	done
}
