#!/usr/bin/env bats
# Manual pages, --help and the option tables say the same. The programs are
# those that the build made: one without its page fails.

load ../helper/env

setup() {
	pacs_setup
	docs=$PACS_TOP/tests/docs
	man=$PACS_TOP/man
}

# All of them; a build without any fails the test that asks.
programs() {
	local p
	for p in "$PACS_BUILD"/bin/pacs*; do
		case $p in
		*.so | *.o | *.d) ;;
		*) [ ! -x "$p" ] || basename "$p" ;;
		esac
	done
}

# Run CHECK NAME for each program; all of them are tried, then it fails.
each_program() {
	local p failed=0 count=0
	for p in $(programs); do
		count=$((count + 1))
		"$1" "$p" || {
			echo "# $p: see above"
			failed=1
		}
	done
	[ "$count" -gt 0 ] && [ "$failed" -eq 0 ]
}

part() { # PART FILE [NAME]
	awk -v want="$1" -v name="${3:-}" -f "$docs/page.awk" "$2"
}

# "letter TAB name TAB arg" of a program, sorted.
table_options() {
	"$1" --dump-options | awk -F '\t' -v OFS='\t' \
		'$1 != "verb" && $1 != "field" { print $1, $2, $3 != "" ? "arg" : "" }' |
		LC_ALL=C sort
}

page_options() {
	[ -f "$man/$1" ] || return 1
	awk -f "$docs/page-options.awk" "$man/$1" | LC_ALL=C sort -u
}

# The options that every program has by itself: pacs has no others.
common_options() {
	table_options pacs
}

@test "mandoc finds nothing to warn about" {
	need mandoc
	exits 0 mandoc -T lint -W warning "$man"/*.[1-9]
	same out </dev/null
}

@test "every line of every page has room on a terminal of 80 columns" {
	need groff
	exits 0 sh -c 'groff -K utf8 -w all -t -mandoc -Tutf8 -rLL=78n "$@" >/dev/null' \
		- "$man"/*.[1-9]
	[ ! -s err ]
}

@test "every program has its page, and every page of section 1 its program" {
	programs | sort >have
	[ -s have ]
	(cd "$man" && ls -- *.1) | sed 's/\.1$//' | sort >documented
	diff have documented
}

@test "every program has its tests of its contract" {
	local p
	for p in $(programs); do
		p=${p#pacs-}
		[ -s "$PACS_TOP/tests/cmd/$p.bats" ] || {
			echo "tests/cmd/$p.bats is not there"
			return 1
		}
	done
}

@test "every reference to a page of ours has that page" {
	local page name section failed=0
	for page in "$man"/*.[1-9]; do
		while read -r name section; do
			[ -e "$man/$name.$section" ] || {
				echo "$page: $name($section) is not there"
				failed=1
			}
		done < <(part links "$page" | grep '^pacs')
	done
	[ "$failed" -eq 0 ]
}

# The known sections of a page, numbered by the order in which they must stand.
section_numbers() {
	part sections "$1" | awk '
	BEGIN {
		n = split("NAME,SYNOPSIS,DESCRIPTION,RECORDS,ENVIRONMENT,FILES," \
		    "EXIT STATUS,EXAMPLES,DIAGNOSTICS,CONFORMANCE,SEE ALSO,CAVEATS",
		    names, ",")
		for (i = 1; i <= n; i++)
			number[names[i]] = i
	}
	$0 in number { print number[$0]; next }
	strict { print "unknown section " $0 > "/dev/stderr"; print 0 }
	' strict="$2"
}

@test "sections stand in one order, and pages of section 1 have no others" {
	local page strict
	for page in "$man"/*.[1-9]; do
		strict=0
		[ "${page##*.}" != 1 ] || strict=1
		section_numbers "$page" "$strict" >numbers
		[ -s numbers ]
		sort -nuc numbers || {
			echo "$page: out of order"
			return 1
		}
	done
}

@test "pages of section 1 have the sections that a reader looks for" {
	local page name
	for page in "$man"/*.1; do
		part sections "$page" >have
		for name in NAME SYNOPSIS DESCRIPTION "EXIT STATUS" EXAMPLES \
			"SEE ALSO"; do
			grep -qx "$name" have || {
				echo "$page: no $name"
				return 1
			}
		done
	done
}

# "status TAB meaning" of lib/cli/exit.def.
exit_table() {
	sed -n 's/^X([A-Z]*, \([0-9]*\), "\(.*\)")$/\1\t\2/p' \
		"$PACS_TOP/lib/cli/exit.def"
}

@test "the exit statuses of a page are those of the one table" {
	local page
	exit_table | cut -f1 >known
	[ "$(wc -l <known)" -ge 6 ]
	for page in "$man"/*.1; do
		part status "$page" | cut -f1 >listed
		# 0, 2 and 4 can come from any program.
		for n in 0 2 4; do
			grep -qx "$n" listed || {
				echo "$page: no status $n"
				return 1
			}
		done
		if grep -vxF -f known listed | grep -vx '128+.*'; then
			echo "$page: statuses that are in no table"
			return 1
		fi
	done
}

@test "pacs(7) has the table of exit statuses, word by word" {
	exit_table >want
	part status "$man/pacs.7" | grep -v '^128' | diff want -
	part status "$man/pacs.7" | grep '^128'
}

@test "pacs(7) has the table of errors, word by word" {
	sed -n 's/^E(\([A-Z]*\), \([0-9]*\), "\(.*\)")$/\1\t\2\t\3/p' \
		"$PACS_TOP/lib/base/errcodes.def" | awk -F '\t' -v OFS='\t' \
		'{ print tolower($1), $2, $3 }' >want
	[ "$(wc -l <want)" -gt 10 ]
	part section "$man/pacs.7" DIAGNOSTICS | awk -v OFS='\t' '
	/^\.It Cm / { name = $3; status = $5; next }
	name != "" && !/^\./ { print name, status, $0; name = "" }' | diff want -
}

# Its own options stand on its page; the common ones there or in pacs(7).
options_agree() {
	table_options "$1" >table
	[ -s table ] || return 1
	page_options "$1.1" >page || return 1
	comm -13 common table >own
	comm -13 common page | diff own -
}

@test "the options of a program are those of its page" {
	common_options >common
	[ -s common ]
	each_program options_agree
}

@test "the options that every program has are in pacs(7)" {
	common_options >common
	[ -s common ]
	page_options pacs.7 >page
	comm -23 common page | diff /dev/null -
}

# An option in pacs(7) is known to some program, in this spelling.
@test "pacs(7) names no option that no program has" {
	local p
	for p in $(programs); do table_options "$p"; done | LC_ALL=C sort -u >all
	[ -s all ]
	page_options pacs.7 >page
	comm -13 all page | diff /dev/null -
}

help_agrees() {
	local letter name arg want
	"$1" --help >help 2>err </dev/null || return 1
	[ ! -s err ] || return 1
	awk 'length > 80 { print "too wide: " $0; bad = 1 } END { exit bad }' help ||
		return 1
	table_options "$1" >table
	# Not read with IFS=tab, which would join empty columns.
	while IFS= read -r line; do
		letter=${line%%$'\t'*}
		line=${line#*$'\t'}
		name=${line%%$'\t'*}
		arg=${line#*$'\t'}
		want="--$name"
		[ -z "$letter" ] || want="-$letter, $want"
		[ -z "$arg" ] || want="$want="
		grep -qF -- "$want" help || {
			echo "--help lacks $want"
			return 1
		}
	done <table
	# And nothing else: as many option lines as options.
	[ "$(grep -cE '^ +(-.,)? *--' help)" -eq "$(wc -l <table)" ]
}

@test "--help is on stdout, at most 80 columns wide, with all options" {
	each_program help_agrees
}

name_agrees() {
	"$1" --help </dev/null | sed -n 2p >summary
	[ -s summary ] && sed -n 's/^\.Nd //p' "$man/$1.1" | diff summary -
}

@test "the one line about a program is the same in --help and on its page" {
	each_program name_agrees
}

verbs_and_fields_agree() {
	local kind word missing=0
	"$1" --dump-options | awk -F '\t' -v OFS='\t' \
		'$1 == "verb" || $1 == "field" { print $1, $2 }' >words
	cat "$man/$1.1" "$man"/pacs-records.5 "$man"/pacs-query.7 >pages || return 1
	while IFS=$'\t' read -r kind word; do
		if [ "$kind" = verb ]; then
			grep -qE "^\.(It )?Cm (.* )?$word( |\$)" "$man/$1.1"
		else
			grep -qwF -- "$word" pages
		fi || {
			echo "the page lacks the $kind $word"
			missing=1
		}
	done <words
	[ "$missing" -eq 0 ]
}

@test "each sub-command and each field of the records is described" {
	each_program verbs_and_fields_agree
}

wrong_usage() {
	local status=0
	"$1" --no-such-option-at-all >out 2>err </dev/null || status=$?
	[ "$status" -eq 2 ] && [ ! -s out ] && [ -s err ] &&
		grep -q "^$1: " err
}

@test "an unknown option is wrong usage: status 2, told on stderr alone" {
	each_program wrong_usage
}

full_stdout() {
	local status=0
	"$1" --help >/dev/full 2>err </dev/null || status=$?
	[ "$status" -eq 4 ]
}

@test "output that cannot be written is status 4" {
	each_program full_stdout
}

version_is_one_name() {
	"$1" --version </dev/null >out 2>err && [ ! -s err ] &&
		grep -q "^$1 (pacs-tools) [0-9]" out
}

@test "--version names the program and the toolkit" {
	each_program version_is_one_name
}

@test "pacs(7) and the README name every program" {
	local p
	for p in $(programs); do
		[ "$p" != pacs ] || continue
		grep -q "^\.Xr $p 1\|^\.It Xr $p 1" "$man/pacs.7"
		grep -q -- "$p" "$PACS_TOP/README.md"
	done
}

@test "FAILURES of pacs(7) is the table that the tests run" {
	awk -f "$PACS_TOP/tests/docs/failures.awk" "$PACS_TOP/tests/docs/failures.tsv" >want
	sed -n '/made by tests\/docs\/failures.awk/,/^\.El/p' "$PACS_TOP/man/pacs.7" |
		sed '1d;$d' | diff want -
	[ "$(grep -c '^\.It' want)" -ge 30 ]
}
