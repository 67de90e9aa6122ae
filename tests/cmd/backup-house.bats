#!/usr/bin/env bats
# pacs-backup: drill, prune, copy, status; pacs-verify --repair-from a backup.

load ../helper/env
load ../helper/store
load ../helper/backup

setup() {
	pacs_setup
	archive_of_four
	night
}

# age_by SNAPSHOT TIME: the snapshot, and the digest in the next, are as if it
# had been made then.
aged() {
	local f before='-'
	for f in repo/snapshots/*; do
		chmod u+w "$f"
		sed -i "s/^ended=.*/ended=$(days_ago "$1")/; s/^previous=.*/previous=$before/; /^sha256=/d" "$f"
		echo "sha256=$(sha256sum <"$f" | cut -c1-64)" >>"$f"
		before=$(sha256sum <"$f" | cut -c1-64)
		shift
	done
}

days_ago() {
	date -u -d "$1 days ago" +%Y-%m-%dT12:00:00.000000Z
}

@test "a drill restores the newest study and others, and leaves nothing behind" {
	mkdir scratch
	exits 0 pacs-backup drill -r repo -o scratch
	[ ! -s out ] && [ ! -s err ]
	[ -z "$(ls scratch)" ]
	exits 0 pacs-backup drill -v -r repo -o scratch
	same err <<-END
	pacs-backup: 2 of 2 studies restored, 4 objects, $(cat in/* | wc -c) bytes: all whole
	END
	exits 0 pacs-backup drill -v -r repo -o scratch --studies=1
	grep -q '1 of 1 studies' err
}

@test "a drill takes nothing away that it did not make" {
	mkdir -p scratch
	cp -a a scratch/pacs-drill
	exits 0 pacs-backup drill -r repo -o scratch
	diff -r a scratch/pacs-drill
	[ "$(ls scratch)" = pacs-drill ]
}

@test "a drill without -o is in TMPDIR, and leaves nothing there" {
	mkdir tmp
	TMPDIR=$PWD/tmp exits 0 pacs-backup drill -v -r repo
	grep -q "all whole" err
	[ -z "$(ls -A tmp)" ]
	TMPDIR=$PWD/nowhere exits 4 pacs-backup drill -r repo
	grep -q "nowhere" err
}

@test "a drill on a damaged pack says no" {
	mkdir scratch
	flip repo/packs/000001/00002.tar.zst 900
	exits 1 pacs-backup drill -r repo -o scratch
	[ -s err ]
	[ -z "$(ls scratch)" ]
}

@test "prune keeps the last of each period, and every object of what it keeps" {
	pacs-purge --yes --why=test StudyInstanceUID="$root.1"
	ct a3 3 1 1 && pacs-store a3 && night
	ct a4 4 1 1 && pacs-store a4 && night
	ct a5 5 1 1 && pacs-store a5 && night
	aged 9 2 2 1
	exits 0 pacs-backup prune -r repo -n --keep-daily=2
	grep -q 'would remove the snapshot snapshots/000001' err
	grep -q 'would remove the snapshot snapshots/000002' err
	[ "$(pacs-backup list -r repo -f snapshot | wc -l)" -eq 4 ]
	exits 0 pacs-backup prune -v -r repo --keep-daily=2
	grep -q '2 snapshots kept, 2 dropped; 0 packs' err
	[ "$(pacs-backup list -r repo -f snapshot | tr '\n' ' ')" = '3 4 ' ]
	exits 4 pacs-backup restore -r repo --snapshot=1 -o r1
	for n in 3 4; do
		exits 0 pacs-backup restore -r repo --snapshot=$n -o "r$n"
		same_archive "at/$n" "r$n"
	done
	exits 0 pacs-backup verify -r repo --read-data
	night
	exits 0 pacs-backup prune -r repo --keep-daily=1 --keep-yearly=1
}

@test "prune removes packs that only dropped snapshots need, but for held studies" {
	night --pack-size=64K
	ct gone 6 1 1 'dcm.noise(6, 100000)' && pacs-store gone && night
	pacs-purge --yes --why=erased StudyInstanceUID="$root.6"
	night
	aged 5 4 3 1
	cp -a repo held
	echo "$root.6" >list
	# What an editor adds must not make a UID another one.
	for mark in '\357\273\277%s\n' '%s\0\n'; do
		# shellcheck disable=SC2059 # the format is the mark
		printf "$mark" "$root.6" >marked
		exits 2 pacs-backup prune -r held --keep-daily=1 --hold=marked
	done
	pacs-backup prune -v -r held --keep-daily=1 --hold=- <list 2>err
	grep -q ' 0 packs removed' err
	exits 0 pacs-backup prune -v -r repo --keep-daily=1
	grep -q ' 1 packs removed' err
	[ ! -e repo/packs/000003/00002.tar.zst ]
	exits 0 pacs-backup verify -r repo --read-data
	exits 0 pacs-backup verify -r repo --against
	exits 0 pacs-backup restore -r repo -o b
	same_archive a b
	exits 1 pacs-backup restore -r repo -o c StudyInstanceUID="$root.6"
	[ ! -s err ]
	# A copy of it is whole as well, and so is one that had the pack.
	exits 0 pacs-backup copy -r repo copied
	exits 0 pacs-backup verify -r copied --read-data
	exits 0 pacs-backup restore -r copied -o d
	same_archive a d
}

@test "prune stops on a clock that went backwards or far ahead" {
	night
	cp -a repo was
	aged -3 -2
	exits 4 pacs-backup prune -r repo --keep-daily=1
	grep -q 'clock' err
	aged 2 5
	exits 4 pacs-backup prune -r repo --keep-daily=1
	grep -q 'clock' err
	aged 50 40
	exits 4 pacs-backup prune -r repo --keep-daily=1
	grep -q 'clock' err
	[ "$(pacs-backup list -r repo -f snapshot | wc -l)" -eq 2 ]
	exits 2 pacs-backup prune -r was
	# An overlapping night holds the repository.
	exec 9<>was/lock
	/usr/bin/python3 -c 'import fcntl, struct
fcntl.fcntl(9, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))'
	exits 75 pacs-backup prune -r was --keep-daily=1
}

@test "copy brings to a second repository what it lacks" {
	exits 0 pacs-backup copy -r repo second
	[ ! -s out ] && [ ! -s err ]
	diff -r repo/packs second/packs
	diff -r repo/snapshots second/snapshots
	ct new 7 1 1 && pacs-store new && night
	exits 0 pacs-backup copy -v -r repo second
	grep -qx 'pacs-backup: 4 files, [0-9]* bytes copied' err
	exits 0 pacs-backup verify -r second --read-data
	exits 0 pacs-backup restore -r second -o b
	same_archive a b
	# What its own prune dropped is not missed.
	exits 0 pacs-backup prune -r second --keep-daily=1
	exits 0 pacs-backup copy -v -r repo second
	grep -qx 'pacs-backup: 0 files, 0 bytes copied' err
	# Damage is not copied, and another history is not mixed in.
	ct newer 8 1 1 && pacs-store newer && night
	flip repo/packs/000003/00002.tar.zst 200
	exits 4 pacs-backup copy -r repo second
	grep -q 'damaged; it is not copied' err
	exits 0 pacs-backup create -r second
	exits 4 pacs-backup copy -r repo second
	grep -q 'has another snapshot 3' err
}

@test "status tells the last good backup, for people and for monitoring" {
	exits 0 pacs-backup status -r repo -f snapshot,all_objects,all_packs
	[ "$(cat out)" = "1	4	2" ]
	exits 0 pacs-backup status -r repo --max-age=1h --metrics=m.prom
	grep -qx '# EOF' m.prom
	at=$(sed -n 's/^pacs_backup_last_good_seconds //p' m.prom)
	[ $(($(date +%s) - at)) -lt 100 ]
	grep -qx 'pacs_backup_objects 4' m.prom
	aged 3
	exits 1 pacs-backup status -r repo --max-age=30h
	grep -q 'too old' err
	# A night that missed something is not a good one.
	o=$(find a/objects -name '*.2.1.1.dcm')
	ct new 7 1 1 && pacs-store new
	rm -f a/objects/*/"$root.7"/*/*
	exits 3 pacs-backup create -r repo
	exits 0 pacs-backup status -r repo -f snapshot
	[ "$(cat out)" = 1 ]
	exits 4 pacs-backup status -r none
}

@test "pacs-verify repairs from a backup, by digest" {
	o=$(find a/objects -name '*.1.1.2.dcm')
	p=$(find a/objects -name '*.2.1.1.dcm')
	flip "$o" 700
	chmod u-w "$o"
	rm -f "$p"
	exits 1 pacs-verify
	exits 0 pacs-verify --repair-from=repo -f kind,mended
	[ "$(sort out | tr '\t\n' '  ')" = "damaged true missing true " ]
	cmp in/2 "$o"
	cmp in/other "$p"
	exits 0 pacs-verify
	whole
	# What the backup does not have is told as before.
	ct new 7 1 1 && pacs-store new
	rm -f a/objects/*/"$root.7"/*/*
	exits 1 pacs-verify --repair-from=repo -f kind,mended
	[ "$(cat out)" = "missing	false" ]
}

@test "the nightly example is silent when well, and tells when not" {
	nightly=$PACS_TOP/examples/nightly-backup.sh
	DAY=7 exits 0 "$nightly" a repo second
	[ ! -s out ] && [ ! -s err ]
	exits 0 pacs-backup verify -r second
	rm -f a/objects/*/"$root.2"/*/*
	ct new 7 1 1 && pacs-store new
	rm -f a/objects/*/"$root.7"/*/*
	DAY=1 exits 3 "$nightly" a repo
	grep -q 'missing' err
	flip repo/packs/000001/00002.tar.zst 600
	exits 1 "$PACS_TOP/examples/weekly-drill.sh" repo
	[ -s err ]
}
