#!/usr/bin/env bats
# pacs-backup: create, list, show, restore; with independent judges.

load ../helper/env
load ../helper/store
load ../helper/backup

setup() {
	pacs_setup
	empty_archive
}

# history: five nights in which objects arrive, conflict, go and come back.
history_of_nights() {
	cts in 3
	pacs-store in
	night
	ct in2/1 2 1 1
	ct in2/2 2 1 2
	ct in3/1 3 1 1
	pacs-store in2 in3
	pacs-purge --yes --why=test SOPInstanceUID="$root.1.1.2"
	night
	# Another object under the same UIDs: a conflict, set aside.
	ct other 2 1 1 'dcm.noise(9, 3000)'
	exits 3 pacs-store other
	pacs-purge --yes --why=test StudyInstanceUID="$root.3"
	night
	pacs-quarantine accept --replace --why=better \
		"$(pacs-quarantine list -f sha256)"
	night
	pacs-store --again in
	night
}

@test "every snapshot of a history restores the archive as it was" {
	history_of_nights
	[ "$(pacs-backup list -r repo -f snapshot,complete | grep -c true)" -eq 5 ]
	for n in 1 2 3 4 5; do
		exits 0 pacs-backup restore -r repo --snapshot=$n -o "r$n"
		[ ! -s out ] && [ ! -s err ]
		same_archive "at/$n" "r$n"
		sound "r$n"
		exits 0 pacs-verify -a "r$n"
	done
	exits 0 pacs-backup verify -r repo --read-data
	exits 0 pacs-backup verify -r repo --against
	[ ! -s out ]
}

@test "tar and zstd alone give every snapshot of a history back" {
	history_of_nights
	mkdir by-hand
	for p in repo/packs/*/*.tar.zst; do
		zstd -q -t "$p"
		tar --zstd -xf "$p" -C by-hand 2>complaints
		[ ! -s complaints ]
	done
	(cd repo && grep -hE '^[0-9a-f]{64}  ' snapshots/* | sha256sum --quiet -c)
	cd by-hand
	awk -f "$PACS_TOP/examples/audit.awk" ledger/*.tsv | cut -c67- | sort >../should
	find objects -type f | sort | comm -13 ../should - | xargs -r rm -f
	find objects -mindepth 2 -type d -empty -delete
	cd ..
	diff -r a/objects by-hand/objects
	diff -r a/ledger by-hand/ledger
	sound by-hand
	# One object was let out of quarantine, and is there again.
	exits 1 pacs-verify -a by-hand -f kind
	[ "$(cat out)" = quarantine ]
	exits 0 pacs-store -a by-hand in
	exits 0 pacs-backup create -r repo -a by-hand
}

@test "a night with nothing new packs nothing, and says so with -v alone" {
	cts in 3
	pacs-store in
	night
	find repo/packs repo/index -type f | sort >before
	ls -l a/ledger >ledger
	night
	find repo/packs repo/index -type f | sort | diff before -
	ls -l a/ledger | diff ledger -
	exits 0 pacs-backup create -v -r repo
	same err <<-'END'
	pacs-backup: snapshot 3: 0 objects, 0 bytes, in 0 bytes of packs
	END
}

@test "only what is new is read: the objects of nights before may be gone" {
	cts in 3
	pacs-store in
	night
	rm -rf a/objects/*
	ct new 5 1 1
	pacs-store new
	exits 0 pacs-backup create -v -r repo
	grep -q ' 1 objects' err
}

@test "a study is restored by accession number or UID, into a folder" {
	history_of_nights
	exits 0 pacs-backup restore -r repo -o by-uid StudyInstanceUID="$root.1"
	[ "$(find by-uid -type f | wc -l)" -eq 3 ]
	for i in 1 2 3; do
		cmp "in/$i" "by-uid/$root.1/$root.1.1/$root.1.1.$i.dcm"
	done
	number=$(pacs-find -L study -f AccessionNumber StudyInstanceUID="$root.2")
	[ -n "$number" ]
	exits 0 pacs-backup restore -r repo -o by-number AccessionNumber="$number" \
		StudyInstanceUID="$root.2"
	cmp other "by-number/$root.2/$root.2.1/$root.2.1.1.dcm"
	# As of a night before it was replaced.
	exits 0 pacs-backup restore -r repo -o old --snapshot=2 StudyInstanceUID="$root.2"
	cmp in2/1 "old/$root.2/$root.2.1/$root.2.1.1.dcm"
	exits 1 pacs-backup restore -r repo -o none StudyInstanceUID="$root.99"
	[ ! -e none ]
	# What was purged does not come back, but from before.
	exits 1 pacs-backup restore -r repo -o gone StudyInstanceUID="$root.3"
	exits 0 pacs-backup restore -r repo -o was --snapshot=2 StudyInstanceUID="$root.3"
	cmp in3/1 "was/$root.3/$root.3.1/$root.3.1.1.dcm"
}

@test "a study is restored into an archive, never over something" {
	cts in 3
	ct in/other 2 1 1
	pacs-store in
	night
	pacs-init b
	ct same 1 1 2 'dcm.noise(77, 3000)'
	pacs-store -a b same
	exits 3 pacs-backup restore -r repo -o b StudyInstanceUID="$root.1"
	grep -q "$root.1.1.2.dcm: another object holds its place" err
	[ "$(pacs-find -a b --count -L instance)" = 3 ]
	sound b
	grep -c 'restored=' b/ledger/000001.tsv | grep -qx 2
	# Twice is no harm.
	pacs-init c
	exits 0 pacs-backup restore -r repo -o c StudyInstanceUID="$root.1"
	exits 0 pacs-backup restore -r repo -o c StudyInstanceUID="$root.1"
	[ "$(pacs-find -a c --count -L instance)" = 3 ]
	sound c
	# What has rotted there is not what was asked for.
	flip c/objects/*/"$root.1/$root.1.1/$root.1.1.2.dcm" 900
	exits 0 pacs-backup restore -r repo -o c StudyInstanceUID="$root.1"
	[ "$(ls c/quarantine | wc -l)" -eq 2 ]
	sound c
}

@test "UIDs that were given stay given when a purged object is restored" {
	ct in/one 1 1 1 'leave_out=((8, 0x18),)'
	exits 3 pacs-store in
	exits 0 pacs-quarantine accept --uid=SOPInstanceUID=1.2.3 "$(pacs-quarantine list -f sha256)"
	night
	pacs-purge --yes --why=test SOPInstanceUID=1.2.3
	exits 0 pacs-backup restore -r repo -o a StudyInstanceUID="$root.1"
	tail -n 1 a/ledger/000002.tsv | grep -q 'restored=.*	uids=given	'
	sound a
	pacs-init b
	exits 0 pacs-backup restore -r repo -o b StudyInstanceUID="$root.1"
	sound b
}

@test "restore writes over nothing" {
	cts in 2
	pacs-store in
	night
	mkdir full && touch full/file
	exits 4 pacs-backup restore -r repo -o full
	[ "$(ls full)" = file ]
	exits 4 pacs-backup restore -r repo -o a
	grep -qx "pacs-backup: 'a' is not empty" err
	pacs-backup restore -r repo -o half
	mv half/pacs-archive half/pacs-archive.restored # killed before the end
	exits 4 pacs-backup restore -r repo -o half
	grep -qx "pacs-backup: 'half' holds a restore that did not end; remove it and begin anew" err
	exits 4 pacs-backup create -r full/file
	same err <<<"pacs-backup: 'full/file' is no folder"
	exits 2 pacs-backup create -r a/backup
	grep -qx "pacs-backup: the repository 'a/backup' lies in the archive" err
	[ ! -e a/backup ]
	exits 0 pacs-backup restore -r repo -o one StudyInstanceUID="$root.1"
	: >"one/$root.1/$root.1.1/x"
	exits 3 pacs-backup restore -r repo -o one StudyInstanceUID="$root.1"
	grep -q 'a file is there already' err
	mkdir empty
	exits 0 pacs-backup restore -r repo -o empty
	sound empty
}

@test "a fork, an older copy and another archive are refused" {
	cts in 2
	pacs-store in
	night
	ct new 5 1 1
	cp -a a older
	pacs-store new
	night
	exits 4 pacs-backup create -r repo -a older
	grep -q 'fork, or an older copy' err
	ct fork 6 1 1
	pacs-store -a older fork
	exits 4 pacs-backup create -r repo -a older
	pacs-init other
	exits 4 pacs-backup create -r repo -a other
	grep -q 'holds the archive' err
	# A restored archive goes on; then its parent is the fork.
	pacs-backup restore -r repo -o heir
	exits 0 pacs-backup create -r repo -a heir
	exits 4 pacs-backup create -r repo
	[ "$(pacs-backup list -r repo -f snapshot | wc -l)" -eq 3 ]
	# What is no repository is not made one.
	mkdir stuff && touch stuff/x
	exits 4 pacs-backup create -r stuff
	[ "$(ls stuff)" = x ]
}

@test "a damaged or lost object is named, status 3, and backed up once it is back" {
	cts in 4
	pacs-store in
	o=$(pacs-find --paths -L instance SOPInstanceUID="$root.1.1.2")
	p=$(pacs-find --paths -L instance SOPInstanceUID="$root.1.1.3")
	flip "$o" 700
	rm -f "$p"
	exits 3 pacs-backup create -r repo
	grep -q "$root.1.1.2.dcm: damaged" err
	grep -q "$root.1.1.3.dcm: missing" err
	[ "$(pacs-backup list -r repo -f objects,missed)" = "2	2" ]
	exits 1 pacs-backup verify -r repo -f fault,name
	[ "$(grep -c '^uncovered	objects/' out)" -eq 2 ]
	exits 3 pacs-backup restore -r repo -o partly
	grep -q 'missing in the restored archive' err
	[ "$(find partly/objects -type f | wc -l)" -eq 2 ]
	# They are told again every night, until they are there.
	exits 3 pacs-backup create -r repo
	exits 0 pacs-store in
	exits 0 pacs-backup create -r repo
	exits 0 pacs-backup verify -r repo --read-data
	exits 0 pacs-backup restore -r repo -o again
	sound again
}

@test "objects larger than a frame, and many packs" {
	pacs-phantom -o in --modality=US --studies=2 --instances=2 --rows=512 --seed=4
	cts few 20
	ct large 7 1 1 'dcm.noise(3, 9000000)'
	pacs-store in few large
	night --pack-size=64K
	[ "$(find repo/packs -type f | wc -l)" -gt 5 ]
	exits 0 pacs-backup verify -r repo --read-data
	for p in repo/packs/*/*; do zstd -q -t "$p"; tar --zstd -tf "$p" >/dev/null; done
	exits 0 pacs-backup restore -r repo -o b
	same_archive a b
	exits 0 pacs-backup restore -r repo -o one StudyInstanceUID="$root.7"
	cmp large "one/$root.7/$root.7.1/$root.7.1.1.dcm"
}

@test "one study is read from its part of a pack alone" {
	pacs-phantom -o in --modality=CT --studies=20 --series=1 --instances=5 --rows=64 --seed=8
	pacs-store in
	night
	uid=$(pacs-find -L study -f StudyInstanceUID | head -n 1)
	exits 0 pacs-backup restore -v -r repo -o one StudyInstanceUID="$uid"
	read=$(sed -n 's/.*; \([0-9]*\) bytes of packs read/\1/p' err)
	size=$(find one -type f -printf '%s\n' | awk '{ n += $1 } END { print n }')
	[ "$read" -gt 0 ] && [ "$read" -le "$size" ]
}

@test "the whole archive as one stream" {
	history_of_nights
	pacs-backup create -r - >stream
	zstd -q -t stream
	mkdir b
	tar --zstd -xf stream -C b
	sound b
	diff <(cd a && find objects -type f | sort) \
		<(cd b && find objects -type f | sort)
	exits 0 pacs-verify -a b
	# A stream that breaks is no backup.
	status=0
	pacs-backup create -r - >/dev/full 2>err || status=$?
	[ "$status" -eq 4 ]
	[ -s err ]
}

@test "writers at work while a backup runs, and objects that are purged meanwhile" {
	cts in 300
	pacs-store in
	ct keep 2 1 1
	pacs-store keep
	(for i in $(seq 4); do
		ct "more/$i" 4 1 "$i"
		pacs-store "more/$i"
		pacs-purge --yes --why=test SOPInstanceUID="$root.1.1.$i"
	done) &
	writer=$!
	for n in 1 2 3; do
		exits 0 pacs-backup create -r repo
	done
	wait $writer
	exits 0 pacs-backup create -r repo
	exits 0 pacs-backup verify -r repo --read-data
	last=$(pacs-backup list -r repo -f snapshot | tail -n 1)
	for n in $(seq "$last"); do
		exits 0 pacs-backup restore -r repo --snapshot="$n" -o "r$n"
		sound "r$n"
		exits 0 pacs-verify -a "r$n"
	done
	same_archive a "r$last"
}

@test "two nights that overlap: the second has status 75" {
	cts in 2
	pacs-store in
	night
	exec 9<>repo/lock
	/usr/bin/python3 -c 'import fcntl, struct, sys
fcntl.fcntl(9, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))'
	exits 75 pacs-backup create -r repo
	exec 9>&-
	exits 0 pacs-backup create -r repo
}

@test "--rate keeps to so many bytes a second" {
	cts in 10
	pacs-store in
	bytes=$(cat in/* | wc -c)
	began=$(date +%s%N)
	exits 0 pacs-backup create -r repo --rate=$((2 * bytes))
	took=$((($(date +%s%N) - began) / 1000000))
	[ "$took" -ge 480 ] || {
		echo "$bytes bytes at $((2 * bytes)) a second took $took ms"
		false
	}
	exits 0 pacs-backup verify -r repo --read-data
	# A stop is not kept waiting for minutes, also where there is a time.
	for time in 0.0001s 1h; do
		timeout 20 pacs-backup create -r "at-$time" --max-time="$time" \
			--rate=$((bytes / 300)) 2>err &
		until [ -e "at-$time/packs/000001/00001.tar.zst" ]; do
			kill -0 $!
		done
		kill -TERM $!
		status=0
		wait $! || status=$?
		[ "$status" -eq 143 ]
		exits 0 pacs-backup create -r "at-$time"
		exits 0 pacs-backup verify -r "at-$time" --read-data
	done
	exits 2 pacs-backup verify -r repo --rate=1M
	exits 2 pacs-backup create -r repo --rate=x
}

@test "amendments, the address book and the marker are part of it" {
	cts in 1
	pacs-store in
	mkdir a/amendments
	echo one >"a/amendments/$root.1"
	echo 'PACS@127.0.0.1:104' >a/peers
	night
	# A night in which nothing else is new.
	echo two >"a/amendments/$root.1"
	echo other >"a/amendments/$root.2"
	: >a/peers
	night
	night
	exits 0 pacs-backup verify -r repo --read-data
	for n in 1 2 3; do
		exits 0 pacs-backup restore -r repo --snapshot=$n -o "r$n"
		diff -r "at/$n/amendments" "r$n/amendments"
		cmp "at/$n/peers" "r$n/peers"
		cmp a/pacs-archive "r$n/pacs-archive"
	done
	[ ! -e repo/packs/000003 ]
}

@test "--max-time ends at a pack's boundary, and the next night goes on" {
	cts in 60
	pacs-store in
	exits 3 pacs-backup create -r repo --max-time=0.000001 --pack-size=64K
	grep -q 'the next run goes on' err
	exits 0 pacs-backup list -r repo -f complete
	[ "$(cat out)" = false ]
	exits 0 pacs-backup restore -r repo -o early
	sound early
	exits 0 pacs-backup create -r repo
	[ "$(pacs-backup list -r repo -f snapshot,complete)" = "1	true" ]
	exits 0 pacs-backup verify -r repo --read-data
	exits 0 pacs-backup restore -r repo -o b
	same_archive a b
}

@test "what an interrupted run left is no harm, and is removed" {
	cts in 5
	pacs-store in
	night
	mkdir -p repo/packs/000002 repo/index/000002
	echo x >repo/packs/000002/00001.tar.zst
	echo x >repo/packs/000002/00009.tar.zst
	echo x >repo/index/000002/00001.groups
	echo x >repo/tmp/pacs-backup-1-1-1
	echo x >repo/tmp/mine
	exits 0 pacs-backup verify -r repo --read-data
	exits 0 pacs-backup restore -r repo -o b
	ct new 5 1 1
	pacs-store new
	night
	[ ! -e repo/packs/000002/00009.tar.zst ]
	[ "$(ls repo/tmp)" = mine ]
	exits 0 pacs-backup verify -r repo --read-data
}

@test "show names the files of a snapshot" {
	cts in 3
	pacs-store in
	night
	exits 0 pacs-backup show -r repo -f kind,objects,name
	same out <<-'END'
	ledger	0	packs/000001/00001.tar.zst
	objects	3	packs/000001/00002.tar.zst
	groups	0	index/000001/00001.groups
	list	0	index/000001/00001.list.zst
	END
	pacs-backup show -r repo -f sha256,name | tr '\t' ' ' | sed 's/ /  /' >sums
	(cd repo && sha256sum --quiet -c ../sums)
	exits 4 pacs-backup show -r repo --snapshot=7
}

@test "wrong usage touches nothing" {
	exits 2 pacs-backup create
	exits 2 pacs-backup
	exits 2 pacs-backup restore -r repo
	exits 2 pacs-backup create -r repo StudyInstanceUID=1
	exits 2 pacs-backup list -r repo --read-data
	exits 2 pacs-backup create -r repo --level=20
	exits 2 pacs-backup create -r repo -f name
	[ ! -e repo ]
	exits 4 pacs-backup list -r repo
	cts in 1
	pacs-store in
	night
	exits 2 pacs-backup restore -r repo -o x Rows=512
	exits 2 pacs-backup restore -r repo -o x PatentID=1
	[ ! -e x ]
}
