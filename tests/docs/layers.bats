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

@test "nothing read is no success" {
	run -2 awk -f "$docs/layers.awk" /dev/null
	run -2 awk -f "$docs/symbols.awk" /dev/null
}
