#!/usr/bin/env bats
# Who uses whom between the rooms, and who touches the disk.

load ../helper/env

setup() {
	pacs_setup
	docs=$PACS_TOP/tests/docs
}

# The sources of the tree DIR.
sources() {
	find "$1/lib" "$1/cmd" -name '*.[ch]' -o -name '*.cc' -o -name '*.def'
}

includes_of() {
	sources "$1" | xargs awk -f "$docs/layers.awk"
}

@test "a room includes only rooms on lower floors, and only commands use cli" {
	includes_of "$PACS_TOP"
}

@test "each room of the tree has its floor" {
	for dir in "$PACS_TOP"/lib/*/; do
		grep -qw "$(basename "$dir")" "$docs/layers.awk"
	done
}

@test "an include of an upper floor, of cli, or of no room is found" {
	mkdir -p t/lib/dicom t/lib/base t/lib/ingest t/cmd
	echo '#include "base/mem.h"' >t/lib/dicom/fine.c
	echo '#include "cli/cli.h"' >t/cmd/fine.c
	exits 0 includes_of t
	echo '#include "index/index.h"' >t/lib/dicom/up.c
	echo '#include "cli/cli.h"' >t/lib/ingest/prints.c
	echo '#include "helper.h"' >t/lib/base/loose.c
	echo '#include "mystery/x.h"' >t/cmd/mystery.c
	echo '#include "dicom/tag.h"' >t/lib/base/up.h
	run ! includes_of t
	[ "${#lines[@]}" -eq 5 ]
}

# Objects of the library as the build made them; generated tables have no code.
objects() {
	local o
	for o in "$PACS_TOP"/lib/*/*.c; do
		o=$PACS_BUILD/lib/${o#"$PACS_TOP"/lib/}
		echo "${o%.c}.o"
	done
}

@test "the library changes disks only through base, and only cli prints" {
	# Sanitizers and clang's coverage would add calls of their own.
	case $PACS_BUILD in */asan) skip "not with sanitizers" ;; esac
	objects | xargs nm -u -A >symbols
	awk -f "$docs/symbols.awk" symbols
}

@test "a forbidden call in an object is found" {
	printf '%s\n' 'lib/index/a.o:                 U write' \
		'lib/index/a.o:                 U __fprintf_chk' \
		'lib/query/b.o:                 U getenv@GLIBC_2.2.5' \
		'lib/base/c.o:                 U getenv' \
		'lib/base/c.o:                 U fdatasync' \
		'lib/cli/d.o:                 U exit' \
		'lib/dicom/e.o:                 U snprintf' >symbols
	run ! awk -f "$docs/symbols.awk" symbols
	[ "${#lines[@]}" -eq 4 ]
}

# Names that more than one object of "nm -A" lines defines.
defined_twice() {
	awk '$2 ~ /^[TDBRC]$/ {
		if ($3 in at) { print $3 ": " at[$3] " and " $1; found = 1 }
		at[$3] = $1
	}
	END { exit NR == 0 ? 2 : found }' "$@"
}

@test "no two objects of the library define the same name" {
	case $PACS_BUILD in */asan) skip "not with sanitizers" ;; esac
	objects | xargs nm --defined-only -A >symbols
	defined_twice symbols
}

@test "a name that two rooms define is found" {
	printf '%s\n' 'lib/a/x.o:0000 T run' 'lib/b/y.o:0000 t run' >symbols
	defined_twice symbols
	echo 'lib/b/z.o:0000 T run' >>symbols
	run -1 defined_twice symbols
	run -2 defined_twice /dev/null
}

@test "nothing read is no success" {
	run -2 awk -f "$docs/layers.awk" /dev/null
	run -2 awk -f "$docs/symbols.awk" /dev/null
}
