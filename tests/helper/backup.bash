# For the bats files about backups.
# shellcheck shell=bash

# night [OPTION...]: a backup to ./repo that must go well, quietly; the archive
# as it was then is ./at/NUMBER.
night() {
	exits 0 pacs-backup create -r repo "$@" || return
	[ ! -s out ] && [ ! -s err ] || return
	local n
	n=$(pacs-backup list -r repo -f snapshot | tail -n 1)
	mkdir -p at
	rm -rf "at/$n"
	cp -a a "at/$n"
}

# digests ARCHIVE: of every object, and of what is in quarantine.
digests() {
	(cd "$1" && find objects quarantine -type f -exec sha256sum {} + | sort -k2)
}

# same_archive WAS IS: objects, quarantine and marks are the same, and the
# ledger of WAS is the beginning of that of IS.
same_archive() {
	diff <(digests "$1") <(digests "$2") || return
	diff <(cd "$1" && find purged -type f | sort) \
		<(cd "$2" && find purged -type f | sort) || return
	local s
	for s in "$1"/ledger/*.tsv; do
		[ ! -s "$s" ] || cmp "$s" "$2/ledger/${s##*/}" || return
	done
	tail -n 1 "$2"/ledger/*.tsv | grep -q '	epoch	'
	diff <(pacs-find -a "$1" -L instance) <(pacs-find -a "$2" -L instance)
}

# sound ARCHIVE: judged by awk and sha256sum.
sound() {
	(cd "$1" && awk -f "$PACS_TOP/examples/audit.awk" ledger/*.tsv \
		>../should && sha256sum --quiet -c ../should &&
		find objects -type f | LC_ALL=C sort >../is &&
		sed 's/^[0-9a-f]*  //' ../should | LC_ALL=C sort | diff - ../is)
}

# flip FILE OFFSET: one byte of it changes.
flip() {
	local byte
	chmod u+w "$1"
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	# shellcheck disable=SC2059 # the format is the byte
	printf "\\$(printf %03o $((byte ^ 1)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# empty_archive: ./a, without objects. archive_of_four: with some.
empty_archive() {
	need /usr/bin/python3 zstd
	pacs-init a
	export PACS_ARCHIVE=$PWD/a
	# shellcheck disable=SC2034 # for the tests that call this
	root=1.2.826.0.1.3680043.10.1338
}

archive_of_four() {
	empty_archive
	cts in 3
	ct in/other 2 1 1
	pacs-store in
}
