#!/usr/bin/env bats
# Who reads what: users who may not write, disks that are full, ledgers that are
# long.

load ../helper/env
load ../helper/objects

setup() {
	pacs_setup
}

# In a folder that everybody may go through.
open_to_all() {
	[ "$(id -u)" = 0 ] || skip "not root"
	need setpriv
	chmod -R a+rX "$BATS_TEST_TMPDIR"
	chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" 2>/dev/null || true
	as_reader test -r "$PWD/a/pacs-archive" || skip "the test folder is closed"
}

as_reader() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }

# Questions at every level, about what is old and what is new.
questions() {
	local find level
	find=$(native pacs-find)
	for level in patient study series instance; do
		"$@" "$find" -a "$PWD/a" -L $level --count
		"$@" "$find" -a "$PWD/a" -L $level --format=json "StudyInstanceUID=$new"
		"$@" "$find" -a "$PWD/a" -L $level --format=json PatientID=P0000700
	done
	"$@" "$find" -a "$PWD/a" --group Modality
	"$@" "$find" -a "$PWD/a" -L series --sort -SeriesDescription --limit 5
	"$@" "$find" -a "$PWD/a" PatientName='*test^over*'
}

# The last commits of an index are in its WAL, or in the file (tidy).
behind() {
	pacs-init a
	"$PACS_BUILD/tools/fill-index" "$PWD/a" 1700 5 20
	object in/1 700 1 1 "0010,0010:PN=TEST^Overlay" 0010,0020:LO=P0000700
	object in/2 701 1 1 "0010,0010:PN=TEST^Other" 0010,0020:LO=T2
	object in/3 701 2 1 "0010,0010:PN=TEST^Other" 0010,0020:LO=T2 0008,0060:CS=MR
	new=$root.701
	if [ "$1" = wal ]; then
		pacs-store -a a in/1
		pacs-find -a a --count >/dev/null
		[ -s a/index/2-000001.db-wal ]
	fi
	pacs-store -a a in
}

@test "a user who may not write sees what is new in an index of any size" {
	need dump2dcm
	local how size
	for how in tidy wal; do
		rm -rf a
		behind $how
		size=$(stat -c %s a/index/2-000001.db)
		[ "$size" -gt $((33 << 20)) ]
		open_to_all
		sum=$(cat a/index/2-000001.db a/index/2-000001.db-wal | sha256sum)
		questions as_reader >theirs
		grep -qx 170003 theirs
		echo "$sum" | grep -qF "$(cat a/index/2-000001.db a/index/2-000001.db-wal | sha256sum)"
		pacs-find -a a --as-is -L instance --count >before
		run ! grep -qx 170003 before
		questions >ours
		diff ours theirs
	done
	object in/4 702 1 1
	pacs-store -a a in/4
	chmod -R a+rX a
	exits 0 as_reader "$(native pacs-find)" -a "$PWD/a" --count -v
	grep -q "1 lines of the ledger are not in the index" err
	exits 4 as_reader "$(native pacs-index)" -a "$PWD/a" rebuild
	grep -q "index of '$PWD/a': cannot create 'index/lock': Permission denied" err
	exits 4 as_reader "$(native pacs-index)" -a "$PWD/a" update
	grep -q "may not write" err
}

@test "while such a user reads, the index may get ahead" {
	need dump2dcm
	behind wal
	open_to_all
	mkfifo pipe
	chmod a+rw pipe
	as_reader "$(native pacs-find)" -a "$PWD/a" -L instance \
		-f SOPInstanceUID >pipe 2>err.reader &
	reader=$!
	exec 7<pipe
	read -r -u 7 first
	# More than the pipe holds is still to be read.
	for n in 1 2 3; do
		object "more/$n" 80$n 1 1
		pacs-store -a a "more/$n"
		pacs-index -a a update
	done
	sqlite3 a/index.db 'pragma wal_checkpoint(restart)' >/dev/null
	object more/4 804 1 1
	pacs-store -a a more/4
	pacs-index -a a update
	{
		echo "$first"
		cat <&7
	} >got
	exec 7<&-
	wait "$reader"
	cat err.reader
	[ ! -s err.reader ]
	[ "$(sort -u got | wc -l)" = "$(wc -l <got)" ]
	[ "$(wc -l <got)" -ge 170003 ]
}

@test "a user without an index is told that each question makes it" {
	need dump2dcm
	object in/1 1 1 1
	pacs-init a
	pacs-store -a a in
	open_to_all
	exits 0 as_reader "$(native pacs-find)" -a "$PWD/a" --count
	echo 1 | same out
	grep -q "it was made in memory" err
	exits 0 as_reader "$(native pacs-find)" -a "$PWD/a" --count -q
	same err </dev/null
}

@test "a folder in the link's place is named before anything is made" {
	pacs-init a
	pacs-index -a a update
	rm a/index.db
	mkdir a/index.db
	exits 0 pacs-index -a a rebuild
	[ -L a/index.db ]
	rm a/index.db
	mkdir -p a/index.db/x
	exits 4 pacs-index -a a rebuild
	grep -q "index.db' is a folder with something in it" err
	exits 1 pacs-find -a a
	[ -d a/index.db/x ]
}

# ledger ARCHIVE LINES SEGMENTS: an archive whose ledger has so many lines of
# objects that are not there.
ledger() {
	pacs-init "$1"
	python3 - "$@" <<-'END'
		import hashlib, sys
		top, lines, segments = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
		check = "0" * 16
		for s in range(segments):
		    with open("%s/ledger/%06d.tsv" % (top, s + 1), "w") as f:
		        for n in range(lines // segments):
		            line = "\t".join(["2024-01-31T09:30:00.000000Z", "store", "1.2.3",
		                              "1.2.3.4", "1.2.3.4.%d.%d" % (s, n), "1000",
		                              hashlib.sha256(b"%d %d" % (s, n)).hexdigest(), "file"])
		            check = hashlib.sha256((check + line).encode()).hexdigest()[:16]
		            f.write(line + "\t" + check + "\n")
	END
}

# Bytes of the ledger that a question reads.
ledger_bytes() {
	strace -f -y -e trace=read,pread64,readv,preadv,preadv2,mmap \
		-o trace pacs-find -a "$1" -L instance --count >/dev/null
	run ! grep -q "mmap.*/ledger/" trace
	awk '/\/ledger\// && / = [0-9]+$/ { n += $NF } END { print n + 0 }' trace
}

@test "with nothing to catch up, the ledger is not read again however long" {
	need strace
	local small large
	strace -o /dev/null true || skip "tracing is not allowed here"
	ledger a 10 1
	ledger b 12000 3
	[ "$(pacs-find -a a -L instance --count)" = 10 ]
	[ "$(pacs-find -a b -L instance --count)" = 12000 ]
	small=$(ledger_bytes a)
	large=$(ledger_bytes b)
	echo "$small of 10 lines, $large of 12000"
	[ "$small" -gt 0 ]
	[ "$large" = "$small" ]
	[ "$large" -le 64 ]
}

# disk KIB: a small file system in ./disk, or skip.
disk() {
	[ "$(id -u)" -eq 0 ] || skip "mounting needs root"
	need mkfs.ext4
	mkdir disk
	truncate -s "${1}K" image
	mkfs.ext4 -q -O ^has_journal -m 0 image
	mount -o loop image disk 2>/dev/null ||
		mount -t tmpfs -o "size=${1}k" none disk 2>/dev/null ||
		skip "mounting is not allowed here"
}

teardown() {
	umount "$BATS_TEST_TMPDIR/disk" 2>/dev/null || true
}

# All of the disk but so many KiB.
fill_up() {
	local free
	rm -f disk/ballast
	free=$(df --output=avail -k disk | tail -n 1)
	head -c $(((free - $1) << 10)) /dev/zero >disk/ballast
}

@test "an index on a full disk: nothing is lost, the old one answers" {
	local was
	disk 4096
	pacs-phantom -o in --modality=CT --studies=2 --series=4 --instances=250 \
		--rows=16 --seed=1 >/dev/null
	pacs-phantom -o new --modality=CT --studies=1 --series=1 --instances=300 \
		--rows=16 --seed=2 >/dev/null
	pacs-init --index="$PWD/disk" a
	pacs-store -q -a a in
	was=$(pacs-find -a a -L instance --count)
	fill_up 100
	exits 4 pacs-index -a a rebuild
	grep -qi "full\|no space" err
	[ -z "$(find disk/index -name '*.new*')" ]
	fill_up 20
	[ "$(pacs-find -a a -L instance --count)" = "$was" ]
	exits 0 pacs-index -a a check
	# Storing does not need the index.
	exits 0 pacs-store -q -a a new
	fill_up 40
	exits 0 pacs-find -a a -L instance --count
	echo $((was + 300)) | same out
	grep -q "its disk is full: 300 lines" err
	[ "$(pacs-find -a a --as-is -L instance --count)" = "$was" ]
	exits 4 pacs-index -a a update
	grep -q "its disk is full" err
	# Nor does the first question of all.
	rm -r disk/index disk/index.db disk/ballast
	fill_up 40
	exits 0 pacs-find -a a -L series --count StudyInstanceUID="$(ls new)"
	echo 1 | same out
	grep -q "there is no index, and its disk is full" err
	exits 4 pacs-index -a a update
	grep -q "its disk is full" err
	rm disk/ballast
	exits 0 pacs-index -a a update
	# Not full when it begins, but before it ends.
	fill_up 300
	exits 0 pacs-find -a a -L instance --count
	echo $((was + 300)) | same out
	rm disk/ballast
	[ "$(pacs-find -a a -L instance --count)" = $((was + 300)) ]
	exits 0 pacs-index -a a check
	exits 0 pacs-index -a a rebuild
	exits 0 pacs-index -a a check
}
