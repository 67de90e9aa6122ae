#!/usr/bin/env bats
# A flipped byte, a cut and a loss in each file of a repository: found, named,
# and the rest can be restored all the same.

load ../helper/env
load ../helper/store
load ../helper/backup

setup() {
	pacs_setup
	empty_archive
	for i in 1 2 3; do
		ct "in/$i" "$i" 1 1 "dcm.noise($i, 4000)"
	done
	pacs-store in
	night
	ct later 4 1 1
	pacs-store later
	pacs-purge --yes --why=test StudyInstanceUID="$root.2"
	night
	digests a >wanted
}

# What came back is what was there: nothing else, and nothing damaged.
sound_part() {
	digests "$1" | grep -vxFf wanted >odd || true
	[ ! -s odd ]
}

# damage NAME: it is found by verify, and restore says so or does not need it.
found() {
	local f=$1 status=0
	pacs-backup verify -r bad --read-data -f fault,name >out 2>err || status=$?
	case $f in
	pacs-backup)
		[ "$status" -eq 4 ] && grep -q "$f" err
		return
		;;
	esac
	[ "$status" -eq 1 ] || {
		echo "verify of a damaged $f: status $status"
		cat out err
		return 1
	}
	grep -q "	$f" out || {
		echo "verify does not name $f:"
		cat out
		return 1
	}
	rm -rf back
	status=0
	pacs-backup restore -r bad -o back >out 2>err || status=$?
	case $f in
	*.list.zst) [ "$status" -eq 0 ] || return 1 ;;
	*)
		[ "$status" -ne 0 ] && [ -s err ] || {
			echo "restore from a damaged $f: status $status"
			return 1
		}
		;;
	esac
	# With the list of what is gone goes the knowledge of it.
	case $f in
	*.groups) ;;
	*) [ ! -d back/objects ] || sound_part back ;;
	esac
}

files() {
	(cd repo && find pacs-backup snapshots packs index -type f | sort)
}

@test "one flipped byte in each file is found and named" {
	[ "$(files | wc -l)" -eq 11 ]
	for f in $(files); do
		size=$(stat -c %s "repo/$f")
		for at in 30 $((size / 2)); do
			rm -rf bad
			cp -r repo bad
			flip "bad/$f" "$at"
			found "$f"
		done
	done
}

@test "each file that is cut short is found and named" {
	for f in $(files); do
		rm -rf bad
		cp -r repo bad
		chmod u+w "bad/$f"
		truncate -s $(($(stat -c %s "repo/$f") - 1)) "bad/$f"
		found "$f"
	done
}

@test "each file that is lost is found and named" {
	for f in $(files); do
		case $f in
		# Without the newest snapshot the one before is the newest.
		snapshots/000002 | pacs-backup) continue ;;
		esac
		rm -rf bad
		cp -r repo bad
		rm -f "bad/$f"
		case $f in
		snapshots/*)
			exits 1 pacs-backup verify -r bad -f fault
			[ "$(cat out)" = chain ]
			;;
		*)
			exits 1 pacs-backup verify -r bad -f fault,name
			grep -q "missing	$f" out
			;;
		esac
	done
}

@test "what is whole in a damaged pack is restored" {
	cp -r repo bad
	flip bad/packs/000001/00002.tar.zst 2500
	exits 3 pacs-backup restore -r bad -o back
	grep -q 'packs/000001/00002.tar.zst' err
	sound_part back
	# Of the studies 1, 3 and 4 one is damaged.
	[ "$(find back/objects -type f | wc -l)" -eq 2 ]
	exits 0 pacs-store -a back in later --again
}

@test "what is damaged in the newest pack is taken from an older one" {
	local pack=packs/000004/00002.tar.zst
	ct big 5 1 1 'dcm.noise(5, 300000)'
	pacs-store big
	night
	pacs-purge --yes --why=test StudyInstanceUID="$root.5"
	pacs-store --again big
	night
	flip repo/$pack $(($(stat -c %s repo/$pack) / 2))
	exits 3 pacs-backup restore -r repo -o back
	grep -q "$pack" err
	diff <(digests a) <(digests back)
	exits 3 pacs-backup restore -r repo -o some StudyInstanceUID="$root.5"
	grep -q "$pack" err
	[ "$(wc -l <err)" -eq 1 ]
	cmp big some/*/*/*.dcm
	# Older bytes that are others are not taken.
	flip repo/packs/000003/00002.tar.zst 150000
	exits 3 pacs-backup restore -r repo -o none StudyInstanceUID="$root.5"
	grep -q 'whole in no pack' err
	[ -z "$(find none -type f)" ]
}

# interrupted COMMAND...: a night that takes a second, and what happens to ./repo
# when its first pack is there.
interrupted() {
	rm -rf repo/packs/000003
	pacs-backup create -r repo --rate=40K >out 2>err &
	local night=$! status=0
	until [ -e repo/packs/000003/00001.tar.zst ]; do
		kill -0 $night
	done
	"$@"
	wait $night || status=$?
	[ "$status" -eq 4 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] && return
	echo "status $status"
	cat err
	return 1
}

@test "a folder that is moved, replaced or removed while a night runs is named" {
	ct new 5 1 1 'dcm.noise(7, 40000)'
	pacs-store new
	interrupted mv repo elsewhere
	grep -qx "pacs-backup: 'repo' is not there any more: .*" err
	[ ! -e elsewhere/snapshots/000003 ]
	exits 0 pacs-backup verify -r elsewhere --read-data
	mv elsewhere repo
	exchange() { mv repo elsewhere && mkdir repo; }
	interrupted exchange
	grep -q "'repo' is not there any more" err
	[ -z "$(ls repo)" ]
	rmdir repo
	mv elsewhere repo
	cp -a repo kept
	interrupted rm -rf repo
	grep -q "'repo' is not there any more" err
	mv kept repo
	exits 0 pacs-backup create -v -r repo
	grep -q 'snapshot 3: 1 objects' err
	exits 0 pacs-backup verify -r repo --read-data
	exits 0 pacs-backup restore -r repo -o back
	same_archive a back
}

@test "a pack that somebody removes while a night runs is named, and made again" {
	ct new 5 1 1 'dcm.noise(7, 40000)'
	pacs-store new
	interrupted rm -f repo/packs/000003/00001.tar.zst
	grep -q "'packs/000003/00001.tar.zst' is not in 'repo' any more" err
	exits 0 pacs-backup create -r repo
	exits 0 pacs-backup verify -r repo --read-data
	exits 0 pacs-backup restore -r repo -o back
	same_archive a back
}

@test "a disk that is unmounted while a night runs is named" {
	long
	[ "$(id -u)" -eq 0 ] || skip "mounting needs root"
	mkdir disk
	unshare -m mount -t tmpfs none disk 2>/dev/null ||
		skip "mounts are not allowed here"
	ct new 5 1 1 'dcm.noise(7, 40000)'
	pacs-store new
	export -f interrupted
	unshare -m bash -c 'set -e
		mount -t tmpfs none disk
		mv repo kept
		cp -a kept disk/repo
		ln -s disk/repo repo
		interrupted umount -l disk'
	grep -q "'repo' is not there any more" err
	[ -z "$(ls disk)" ]
}
