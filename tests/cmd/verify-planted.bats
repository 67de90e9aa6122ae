#!/usr/bin/env bats
# pacs-verify: damage that a random planter found unnamed or named wrongly. In
# quarantine, in marks, in the ledger, in who may change what.

load ../helper/env
load ../helper/verify

setup_file() {
	pacs_setup
	cd "$BATS_FILE_TMPDIR"
	pacs-phantom -o in --modality=CT,US --studies=1 --instances=2 --rows=16 --seed=5
	pacs-init sample
	pacs-store -a sample in
	pacs-purge -q -a sample --yes --why=test Modality=US
	run -3 pacs-store -a sample in # two purged ones to quarantine
}

setup() {
	pacs_setup
	cp -a "$BATS_FILE_TMPDIR/sample" a
	export PACS_ARCHIVE=$PWD/a
	mapfile -t objects < <(cd a && find objects -type f | LC_ALL=C sort)
	one=${objects[0]}
	aside=$(cd a && find quarantine -name '*.dcm' | LC_ALL=C sort | head -n 1)
	mark=$(cd a && find purged -type f | LC_ALL=C sort | head -n 1)
	end=$(stat -c %s a/ledger/000001.tsv)
}

finding() { # KIND PATH...
	local kind=$1
	shift
	printf "$kind\t%s\n" "$@"
}

# line TEXT: append it to the ledger with the check that it should have.
line() {
	local last
	last=$(tail -n 1 a/ledger/000001.tsv)
	printf '%s\t%s\n' "$1" \
		"$(printf '%s%s' "${last##*$'\t'}" "$1" | sha256sum | cut -c1-16)" \
		>>a/ledger/000001.tsv
}

@test "the archive that damage is planted in is whole" {
	verify 0 </dev/null
	[ "${#objects[@]}" -eq 2 ]
	[ -n "$aside" ] && [ -n "$mark" ]
}

@test "an orphan is one with a second name too, as copies by link make it" {
	ln "a/$one" "a/${one%/*}/1.2.3.dcm"
	ln "a/${objects[1]}" elsewhere
	finding orphan "${one%/*}/1.2.3.dcm" | verify 1
	# What a living writer has placed and not yet recorded is none.
	mkdir a/incoming/w
	: >a/incoming/w/lock
	exec 8>>a/incoming/w/lock
	hold 8
	ln "a/$one" a/incoming/w/x
	verify 0 </dev/null
	exec 8>&-
}

@test "folders and the ledger that others can write, or the owner not read" {
	local path
	for path in "$one" "${one%/*}" "${one%/*/*}" "${one%/*/*/*}" objects \
		ledger ledger/000001.tsv quarantine pacs-archive; do
		chmod o+w "a/$path"
		finding mode "$path" | verify 1
		chmod o-w "a/$path"
	done
	chmod 0 "a/$one"
	if [ "$(id -u)" -eq 0 ]; then
		finding mode "$one" | verify 1
	else
		{ finding mode "$one" && finding unreadable "$one"; } | verify 3
	fi
}

@test "a part has only its own strays and modes" {
	chmod o+w a/objects
	: >"a/${one%/*}/stray"
	{ finding mode objects && finding misplaced "${one%/*}/stray"; } | verify 1
	verify 0 "$one" </dev/null
	verify 0 --since=yesterday </dev/null
}

@test "quarantine: what is no file, what has no reason, what has no line" {
	local text=${aside%.dcm}.txt new
	mv "a/$text" kept
	finding quarantine "$text" | verify 1
	mv kept "a/$text"
	mv "a/$aside" kept
	mkfifo "a/$aside"
	finding quarantine "$aside" | verify 1 # and nobody waits for its other end
	rm "a/$aside"
	ln -s "$PWD/kept" "a/$aside"
	finding quarantine "$aside" | verify 1
	rm "a/$aside"
	mv kept "a/$aside"
	echo new >new
	new=quarantine/$(sha256sum <new | cut -d' ' -f1).dcm
	cp new "a/$new"
	finding quarantine "$new" | verify 1
	# The way out that the page names.
	exits 0 pacs-quarantine --why=test discard "$(basename "$new" .dcm)"
	verify 0 </dev/null
}

@test "marks: a folder in place of one, and what is none" {
	rm "a/$mark"
	mkdir "a/$mark"
	: >"a/${mark%/*/*}/file"
	: >a/purged/junk
	finding mark "$mark" "${mark%/*/*}/file" purged/junk | verify 1
}

@test "folders that are something else" {
	rmdir a/incoming
	: >a/incoming
	finding folder incoming | verify 1
}

@test "a broken ledger is not the index's fault" {
	local offset
	offset=$(head -n 2 a/ledger/000001.tsv | wc -c)
	exits 0 pacs-find --count
	[ -e a/index.db ]
	sed -i '3s/\tfile\t/\tfilf\t/' a/ledger/000001.tsv
	finding ledger "ledger/000001.tsv:$offset" | verify 1
}

@test "a line that has no end is named, and goes when something is stored" {
	printf torn >>a/ledger/000001.tsv
	finding ledger "ledger/000001.tsv:$end" | verify 1
	pacs-phantom -o more --modality=CR --instances=1 --rows=16 --seed=9
	exits 0 pacs-store more
	verify 0 </dev/null
}

@test "a line that says nothing is named, whatever its check" {
	local sha
	sha=$(sha256sum </dev/null | cut -d' ' -f1)
	for text in '' $'a\tb' \
		$'2026-11-28T07:00:00.000000Z\tstore\t1.2\t1.2\t1.2\t5\t-\tfile' \
		$'2026-11-28T07:00:00.000000Z\tstore\t../1\t1.2\t1.2\t5\t'"$sha"$'\tfile'; do
		truncate -s "$end" a/ledger/000001.tsv
		line "$text"
		finding ledger "ledger/000001.tsv:$end" | verify 1
	done
}

@test "a line of a newer program is not damage, and nothing is known of it" {
	line $'2026-11-28T07:00:00.000000Z\tfold\t1.2\t1.2\t1.2\t5\t-\tfile'
	finding unreadable "ledger/000001.tsv:$end" | verify 3
	truncate -s "$end" a/ledger/000001.tsv
	line $'2026-11-28T07:00:00.000000Z\tx-fold\t1.2\t1.2\t1.2\t5\t-\tfile'
	verify 0 </dev/null
}

@test "a segment that is no file" {
	mv a/ledger/000001.tsv kept
	mkdir a/ledger/000001.tsv
	exits 1 pacs-verify -f kind,path
	grep -qx "ledger	ledger/000001.tsv" out
}

@test "a marker with another name, and lines in it that say nothing" {
	sed -i 's/^uuid=./uuid=x/' a/pacs-archive
	finding marker pacs-archive | verify 1
	cp "$BATS_FILE_TMPDIR/sample/pacs-archive" a/
	printf '# a remark\ntimezone:Europe/Berlin\n' >>a/pacs-archive
	exits 0 pacs-verify
	grep -q 'ignored: timezone:Europe/Berlin$' err
}

@test "what stands in the way of a repair stays, and others are put back" {
	cp -a a copy
	rm -f "a/$one" "a/${objects[1]}"
	mkdir "a/$one"
	exits 1 pacs-verify --repair-from=copy -f kind,path,mended
	LC_ALL=C sort out >sorted
	printf '%s\t%s\n' misplaced "$one	false" missing "$one	false" \
		missing "${objects[1]}	true" | LC_ALL=C sort | diff - sorted
	rmdir "a/$one"
	exits 0 pacs-verify --repair-from=copy
	# Another study's folder may be what is in the way.
	rm -rf a/objects/*
	: >"a/${one%/*/*/*}"
	exits 1 pacs-verify --repair-from=copy -f kind,path,mended
	grep -qx "misplaced	${one%/*/*/*}	false" out
	rm "a/${one%/*/*/*}"
	exits 0 pacs-verify --repair-from=copy
	verify 0 </dev/null
}

@test "what cannot be looked at is unreadable: never missing, and told once" {
	[ "$(id -u)" -eq 0 ] || skip "needs root to become somebody else"
	# Outside the test's folder, which only its owner may enter.
	local open shard=${one%/*/*/*} folder mode
	open=$(mktemp -d)
	chmod 755 "$open"
	cp -a a "$open/a"
	chown -R 65534:65534 "$open/a"
	for folder in "$shard" objects quarantine purged "${mark%/*}"; do
		for mode in 0 100 400; do
			chmod $mode "$open/a/$folder"
			run -3 setpriv --reuid=65534 --regid=65534 --clear-groups \
				"$(native pacs-verify)" -a "$open/a" -f kind,path
			chmod 750 "$open/a/$folder"
			grep -v '^mode	' <<<"$output" >said
			grep -q "^unreadable	$folder" said
			run ! grep -v '^unreadable	' said
			[ -z "$(sort said | uniq -d)" ]
		done
	done
	rm -rf "$open"
}
