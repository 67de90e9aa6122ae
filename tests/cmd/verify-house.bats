#!/usr/bin/env bats
# pacs-verify: what stands beside the objects. Marks of what was purged, and the
# folders that programs need.

load ../helper/env
load ../helper/verify

setup_file() {
	pacs_setup
	cd "$BATS_FILE_TMPDIR"
	pacs-phantom -o in --modality=CT,US --studies=2 --instances=3 --rows=16 --seed=5
	pacs-init sample
	pacs-store -a sample in
	cp -a sample purged
	pacs-purge -q -a purged --yes --why=test Modality=US
}

setup() {
	pacs_setup
	export PACS_ARCHIVE=$PWD/a
}

@test "each lost folder and the lock are named, and what writes says so" {
	local what
	for what in incoming quarantine ledger/lock; do
		rm -rf a
		cp -a "$BATS_FILE_TMPDIR/sample" a
		rm -r "a/$what"
		printf 'folder\t%s\n' "$what" | verify 1
		exits 4 pacs-store "$BATS_FILE_TMPDIR/in"
		grep -q "a/$what' is missing: make it again, empty" err
	done
}

@test "lost folders that hold nothing for good do no harm: objects and index" {
	exits 0 pacs-init a
	rm -r a/objects a/index
	printf 'folder\tobjects\n' | verify 1
	exits 0 pacs-store "$BATS_FILE_TMPDIR/in"
	verify 0 </dev/null
	rm -rf a/index a/index.db
	verify 0 </dev/null
	[ "$(pacs-find -L instance --count)" -eq 12 ]
}

@test "a lost ledger is not told to be made again" {
	cp -a "$BATS_FILE_TMPDIR/sample" a
	rm -r a/ledger
	exits 4 pacs-store "$BATS_FILE_TMPDIR/in"
	grep -q "a/ledger' is lost: restore the archive" err
	exits 1 pacs-verify -f kind,path
	[ "$(grep -c '^orphan' out)" -eq 12 ]
	grep -q "^ledger	ledger$" out
}

@test "lost marks are made anew before anything is stored" {
	cp -a "$BATS_FILE_TMPDIR/purged" a
	(cd a && find purged -type f | sort) >marks
	[ "$(wc -l <marks)" -eq 6 ]
	rm -r a/purged
	verify 0 </dev/null # nobody can store before they are back
	exits 3 pacs-store --print -f outcome,reason "$BATS_FILE_TMPDIR/in"
	[ "$(grep -c '^quarantined	purged$' out)" -eq 6 ]
	(cd a && find purged -type f | sort) | diff marks -
	[ ! -e a/purged.new ]
	verify 0 </dev/null
}

@test "marks are made anew after what the ledger said last" {
	cp -a "$BATS_FILE_TMPDIR/purged" a
	exits 0 pacs-store --again "$BATS_FILE_TMPDIR/in"
	verify 0 </dev/null
	exits 0 pacs-purge --yes --why=test Modality=CT
	(cd a && find purged -type f | sort) >marks
	# As if it had been killed at this: what was begun is taken up.
	mkdir -p a/purged.new/abc
	rm -r a/purged
	exits 1 pacs-purge --yes --why=test StudyDate=1900
	(cd a && find purged -type f | sort) | diff marks -
	verify 0 </dev/null
}

@test "one mark that is lost and one too many are findings" {
	local mark object
	cp -a "$BATS_FILE_TMPDIR/purged" a
	mark=$(cd a && find purged -type f | sort | sed -n 3p)
	object=$(cd a && find objects -type f | sort | sed -n 2p)
	object=purged/${object#objects/}
	# All of them, the folder is there: as a copy without empty files has it.
	cp -a a b
	find b/purged -type f -delete
	(cd a && find purged -type f | sed 's/^/mark\t/') | verify 1 -a b
	rm -f "a/$mark"
	mkdir -p "a/$(dirname "${object%.dcm}")" a/purged/000/1.2/1.2
	: >"a/${object%.dcm}"
	: >a/purged/000/1.2/1.2/1.2
	printf 'mark\t%s\n' "$mark" "${object%.dcm}" purged/000/1.2/1.2/1.2 |
		verify 1
	# The way out that the page names.
	rm -r a/purged
	exits 3 pacs-store "$BATS_FILE_TMPDIR/in"
	verify 0 </dev/null
}

@test "a part has only its own marks" {
	local mark
	cp -a "$BATS_FILE_TMPDIR/purged" a
	mark=$(cd a && find purged -type f | sort | sed -n 3p)
	rm -f "a/$mark"
	verify 0 Modality=CT </dev/null
	printf 'mark\t%s\n' "$mark" | verify 1 --since=-1d
}

# half_purged: $object and its $mark of an archive where it was purged; the object
# has a folder to be in again, and a writer w is at work.
half_purged() {
	cp -a "$BATS_FILE_TMPDIR/purged" a
	mark=$(cd a && find purged -type f | sort | sed -n 1p)
	object=objects/${mark#purged/}.dcm
	mkdir -p "a/$(dirname "$object")" a/incoming/w
}

@test "what a living program has recorded and not yet removed is no finding" {
	half_purged
	# The state between the line of a purge and its end.
	: >a/incoming/w/lock
	: >"a/$object"
	rm "a/$mark"
	exec 8>>a/incoming/w/lock
	hold 8
	pacs-verify -j 1 -f kind,path >said 2>&1 8>&- &
	# It reads no more: it waits for whoever holds incoming/w.
	until ! kill -0 $! 2>/dev/null ||
		grep -qE '^[0-9]+ \((pacs-verify|memcheck[^)]*)\) S' /proc/$!/stat; do :; done
	: >"a/$mark"
	rm -f "a/$object"
	rmdir -p "a/$(dirname "$object")" 2>/dev/null || true
	rm -r a/incoming/w
	exec 8>&-
	wait $!
	[ ! -s said ]
}

@test "what a dead program left so is a finding for who may not mend it" {
	half_purged
	cp a/pacs-archive "a/$object"
	chmod 440 "a/$object"
	exec 8>>a/incoming/w/lock
	hold 8
	printf 'purged-present\t%s\n' "$object" | verify 1
	exec 8>&-
}

@test "a spool that cannot be made is said, with its folder" {
	cp -a "$BATS_FILE_TMPDIR/sample" a
	TMPDIR=$PWD/no exits 4 pacs-verify
	same err <<<"pacs-verify: cannot make a file in '$PWD/no': No such file or directory"
	mkdir no
	TMPDIR=$PWD/no exits 0 pacs-verify
	[ -z "$(ls no)" ]
}
