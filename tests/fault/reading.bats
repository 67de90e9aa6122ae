#!/usr/bin/env bats
# Folders whose list breaks off in the middle: a bad disk, a file server that
# went away. A list that breaks off is no shorter list.

load ../helper/env

setup() {
	pacs_setup
	pacs-phantom -q -o in --studies=2 --instances=3
	pacs-init --floor=1 a
	pacs-store -q -a a in
	object=$(find a/objects -name '*.dcm' | sort | head -n 1)
	series=${object%/*}
}

# broken END COMMAND...: run it where reading a folder whose path ends so fails
# after one entry.
broken() {
	local end=$1
	shift
	LD_PRELOAD=$PACS_BUILD/fault/shim.so SHIM_BROKEN=$end "$@"
}

@test "verify looks at what a broken list does not show, and misses nothing" {
	exits 3 broken "/$series" pacs-verify -a a --fields=kind,path
	same out <<<"unreadable	${series#a/}"
	# What is really gone is.
	rm -f "$object"
	exits 3 broken "/$series" pacs-verify -a a --fields=kind,path
	sort out >sorted
	same sorted <<-END
		missing	${object#a/}
		unreadable	${series#a/}
	END
}

@test "verify names a folder of shards that it cannot read to its end" {
	exits 3 broken "/${series%/*/*}" pacs-verify -a a --fields=kind,path
	grep -q '^unreadable' out
	run ! grep missing out
	exits 3 broken /a/objects pacs-verify -a a --fields=kind,path
	same out <<<"unreadable	objects"
}

@test "verify takes no number of segments from a broken list" {
	exits 4 broken /a/ledger pacs-verify -a a
	grep "cannot read all of 'ledger'" err
}

@test "index check says that a folder breaks off, and that no file is missing" {
	exits 4 broken "/$series" pacs-index -a a check
	grep "cannot read all of" err
	run ! grep missing out
}

@test "an index is not built over one that a broken list does not show" {
	pacs-index -a a rebuild -q
	pacs-index -a a rebuild -q
	before=$(ls -l a/index.db a/index)
	exits 4 broken /a/index pacs-index -a a rebuild
	grep "cannot read all of" err
	assert_equal "$(ls -l a/index.db a/index)" "$before"
	exits 0 pacs-find -a a --count
	same out <<<2
}

@test "nothing is stored or recovered while incoming/ breaks off" {
	mkdir a/incoming/one a/incoming/two
	pacs-phantom -q -o more --seed=2 --instances=1
	exits 4 broken /a/incoming pacs-store -a a more
	grep "cannot read all of 'incoming'" err
	exits 0 pacs-store -q -a a more
	exits 0 pacs-verify -q -a a
}

@test "the quarantine is listed whole or not at all" {
	cp "$object" other.dcm
	chmod u+w other.dcm
	printf 'XX' | dd of=other.dcm bs=1 conv=notrunc status=none \
		seek=$(($(stat -c %s other.dcm) - 2))
	exits 3 pacs-store -q -a a other.dcm
	exits 0 pacs-quarantine -a a list
	exits 4 broken /a/quarantine pacs-quarantine -a a list
	[ ! -s out ]
	grep "cannot read all of 'quarantine'" err
}

@test "a repository whose snapshots cannot be listed has none to tell of" {
	pacs-backup create -q -r repo -a a
	exits 4 broken /repo/snapshots pacs-backup list -r repo
	[ ! -s out ]
	exits 4 broken /repo/snapshots pacs-backup create -r repo -a a
	exits 0 pacs-backup verify -r repo --read-data
}

@test "a folder whose list breaks off is not taken for an empty one" {
	mkdir new
	exits 4 broken /new pacs-init new
	[ ! -e new/pacs-archive ]
}

@test "where the whole file system cannot be flushed each name is" {
	pacs-phantom -q -o many --seed=2 --studies=1 --instances=100 --rows=16
	pacs-init --floor=1 f
	LD_PRELOAD=$PACS_BUILD/fault/shim.so SHIM_ROOT=$PWD/f \
		SHIM_FAIL=syncfs:1:EIO exits 4 pacs-store -q -a f many
	pacs-init --floor=1 g
	LD_PRELOAD=$PACS_BUILD/fault/shim.so SHIM_ROOT=$PWD/g SHIM_FUSE=1 \
		SHIM_FAIL=syncfs:1:EIO exits 0 pacs-store -q -a g many
	exits 0 pacs-verify -a g
	exits 0 pacs-backup create -a g -r repo
	for to in back some; do
		mkdir $to
		set --
		[ $to = back ] || set -- Modality=CT
		LD_PRELOAD=$PACS_BUILD/fault/shim.so SHIM_ROOT=$PWD/$to \
			SHIM_FUSE=1 SHIM_FAIL=fsync:100:EIO \
			exits 4 pacs-backup restore -r repo -o $to "$@"
	done
	exits 0 pacs-anon --make-key key
	mkdir out.anon
	LD_PRELOAD=$PACS_BUILD/fault/shim.so SHIM_ROOT=$PWD/out.anon SHIM_FUSE=1 \
		SHIM_FAIL=fsync:100:EIO exits 4 pacs-anon --key=key -o out.anon many
}
