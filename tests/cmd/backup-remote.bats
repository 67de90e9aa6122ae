#!/usr/bin/env bats
# pacs-backup off site: encrypted by age, through rclone's remotes.

load ../helper/env
load ../helper/store
load ../helper/backup

setup() {
	pacs_setup
	# rclone runs for each file; half of what a short run costs is tidying up.
	export GOMAXPROCS=1 GOGC=off
	archive_of_four
}

teardown() {
	[ ! -e server.pid ] || kill "$(cat server.pid)" 2>/dev/null || true
}

keys() {
	need age
	age-keygen -o key 2>/dev/null
	age-keygen -o other-key 2>/dev/null
	public=$(age-keygen -y key)
}

# serve KIND OPTION...: rclone serves ./served on a free port; $port.
serve() {
	local kind=$1
	shift
	mkdir -p served
	rclone serve "$kind" served --addr 127.0.0.1:0 -v "$@" >server.log 2>&1 &
	echo $! >server.pid
	# It says where it listens; tail waits for that.
	timeout 20 tail -f -n +1 --pid=$! server.log | grep -m1 -oE '127\.0\.0\.1:[0-9]+' >address
	port=$(sed 's/.*://' address)
	[ -n "$port" ]
}

@test "encrypted: names and texts in the clear tell no UID, and age opens it" {
	keys
	exits 0 pacs-backup create -r repo --recipient="$public"
	run ! grep -rqF "$root" repo
	run ! grep -rqF P1 repo/snapshots repo/pacs-backup
	for f in repo/packs/*/* repo/index/*/*; do
		case $f in *.age) ;; *) false ;; esac
		age -d -i key "$f" >/dev/null
		run ! age -d -i other-key "$f"
	done
	mkdir by-hand
	for p in repo/packs/*/*; do age -d -i key "$p" | tar --zstd -xf - -C by-hand; done
	sound by-hand
	(cd repo && grep -hE '^[0-9a-f]{64}  ' snapshots/* | sha256sum --quiet -c)
	# The next night needs no key, neither public nor secret.
	ct new 5 1 1 && pacs-store new
	exits 0 pacs-backup create -v -r repo
	grep -q ' 1 objects' err
	run ! grep -rqF "$root" repo
}

@test "encrypted: one study is read from the packs that hold it, and no other" {
	keys
	need strace
	pacs-phantom -q -o many --modality=CT --studies=8 --series=1 --instances=4 --rows=128 --seed=8
	pacs-store many
	exits 0 pacs-backup create -r repo --recipient="$public" --pack-size=200K
	[ "$(find repo/packs -type f | wc -l)" -ge 4 ]
	uid=$(pacs-find -L study -f StudyInstanceUID | tail -n 1)
	# Under strace a sanitizer cannot look for leaks.
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 \
		exits 0 strace -f -e trace=openat -o calls pacs-backup restore -r repo \
		--identity=key -o one StudyInstanceUID="$uid"
	[ "$(find one -type f | wc -l)" -eq "$(pacs-find -L instance --count StudyInstanceUID="$uid")" ]
	grep -oE '[^"/]*/[^"/]*\.tar\.zst\.age' calls | sort -u >opened
	# Four objects of 33 KB fit in one pack, or stand in two.
	[ -s opened ] && [ "$(wc -l <opened)" -le 2 ]
}

@test "encrypted: without an identity digests are compared, and that is said" {
	keys
	exits 0 pacs-backup create -r repo --recipient="$public"
	exits 0 pacs-backup verify -r repo --read-data
	grep -q 'digests of the encrypted files were compared' err
	exits 0 pacs-backup verify -v -r repo --read-data --identity=key
	grep -q ' 4 recorded objects are in packs' err
	exits 4 pacs-backup restore -r repo -o b
	[ ! -e b ]
	exits 4 pacs-backup drill -r repo
	exits 4 pacs-backup restore -r repo -o b --identity=other-key ||
		exits 3 pacs-backup restore -r repo -o b2 --identity=other-key
	exits 0 pacs-backup restore -r repo -o c --identity=key
	same_archive a c
	exits 0 pacs-backup restore -r repo -o d --identity=key StudyInstanceUID="$root.2"
	cmp in/other "d/$root.2/$root.2.1/$root.2.1.1.dcm"
	exits 0 pacs-backup drill -r repo --identity=key
	flip repo/packs/000001/00002.tar.zst.age 500
	exits 1 pacs-backup verify -r repo --read-data -f fault,name
	[ "$(cat out)" = "damaged	packs/000001/00002.tar.zst.age" ]
	exits 2 pacs-backup create -r repo --recipient="$(age-keygen -y other-key)"
}

@test "an encrypted stream" {
	keys
	pacs-backup create -r - --recipient="$public" >stream
	run ! grep -qF "$root" stream
	mkdir b
	age -d -i key stream | tar --zstd -xf - -C b
	sound b
	exits 4 pacs-backup create -r - --recipient=age1nonsense
	# Whoever started it may not care for the end of its own children.
	(trap '' CHLD && exec pacs-backup create -r - --recipient="$public") |
		age -d -i key | zstd -q -t
	# Where age dies nothing goes past it.
	mkdir bin
	printf '#!/bin/sh\nexit 1\n' >bin/age && chmod +x bin/age
	for i in 4 5 6; do ct "noise/$i" $i 1 1 'dcm.noise(3, 900000)'; done
	pacs-store noise
	PATH=$PWD/bin:$PATH exits 4 pacs-backup create -r - \
		--recipient="$public"
	[ ! -s out ]
}

# off_site REPO: a history there, and back.
off_site() {
	exits 0 pacs-backup create -r "$1"
	[ ! -s out ] && [ ! -s err ]
	exits 0 pacs-backup create -v -r "$1"
	grep -q 'snapshot 2: 0 objects' err
	pacs-purge --yes --why=test SOPInstanceUID="$root.1.1.2"
	ct new 5 1 1 && pacs-store new
	exits 0 pacs-backup create -r "$1"
	exits 0 pacs-backup verify -r "$1" --read-data
	[ ! -s out ]
	exits 0 pacs-backup restore -r "$1" -o back
	same_archive a back
	exits 0 pacs-backup restore -r "$1" -o one StudyInstanceUID="$root.2"
	cmp in/other "one/$root.2/$root.2.1/$root.2.1.1.dcm"
}

@test "a local remote of rclone" {
	need rclone
	off_site "rclone::local:$PWD/remote"
	# What is there is a repository for anyone.
	exits 0 pacs-backup verify -r remote --read-data
	exits 0 pacs-backup copy -r "rclone::local:$PWD/remote" second
	exits 0 pacs-backup restore -r second -o again
	exits 4 pacs-backup list -r "rclone::local:$PWD/nothing"
	exits 2 pacs-backup list -r rclone:remote
}

# there_and_back REPO: less of it, for servers.
there_and_back() {
	exits 0 pacs-backup create -r "$1"
	ct new 5 1 1 && pacs-store new
	exits 0 pacs-backup create -r "$1"
	exits 0 pacs-backup restore -r "$1" -o back
	same_archive a back
	[ -n "$(find served -name '*.tar.zst')" ]
}

@test "a WebDAV server" {
	long
	need rclone
	serve webdav
	there_and_back "rclone::webdav,url='http://127.0.0.1:$port':repo"
}

@test "an SFTP server" {
	long
	need rclone
	serve sftp --user u --pass p
	pass=$(rclone obscure p)
	there_and_back "rclone::sftp,host=127.0.0.1,port=$port,user=u,pass=$pass,shell_type=none:repo"
}

@test "a destination that is not there is status 4, and no backup" {
	need rclone
	exits 4 pacs-backup create -r "rclone::webdav,url='http://127.0.0.1:1':repo"
	[ -s err ]
	mkdir full
	chmod 500 full
	[ "$(id -u)" -eq 0 ] || exits 4 pacs-backup create -r full/repo
	exits 4 pacs-backup create -r no/such/folder
}

@test "a remote that is emptied while a night runs is named, and the night no good one" {
	need rclone
	remote="rclone::local:$PWD/remote"
	exits 0 pacs-backup create -r "$remote"
	ct new 5 1 1 && pacs-store new
	# A stand-in that removes all of it before the list of what is in it.
	mkdir bin
	cat >bin/rclone <<-END
	#!/bin/sh
	case \$* in
	copyto*index/000002/00001.list*)
		rm -rf "$PWD/remote"
		;;
	esac
	exec $(command -v rclone) "\$@"
	END
	chmod +x bin/rclone
	cp -a remote kept
	PATH=$PWD/bin:$PATH exits 4 pacs-backup create -r "$remote"
	grep -q "'packs/000002/0000[12].tar.zst' is not in '$remote' any more" err
	rm -rf remote && mv kept remote
	exits 0 pacs-backup create -r "$remote"
	exits 0 pacs-backup verify -r "$remote" --read-data
}

@test "a remote that fails every third upload is tried again; one that fails is said" {
	long
	need rclone
	# A stand-in that fails at every third copyto, and is rclone else.
	mkdir bin
	cat >bin/rclone <<-END
	#!/bin/sh
	if [ "\$1" = copyto ]; then
		n=\$((\$(cat "$PWD/count" 2>/dev/null || echo 0) + 1))
		echo \$n >"$PWD/count"
		if [ \$((n % 3)) -eq 0 ]; then
			echo "upload refused" >&2
			exit 1
		fi
	fi
	exec $(command -v rclone) "\$@"
	END
	chmod +x bin/rclone
	remote="rclone::local:$PWD/remote"
	PATH=$PWD/bin:$PATH exits 0 pacs-backup create -r "$remote"
	[ "$(cat count)" -gt 3 ]
	exits 0 pacs-backup verify -r "$remote" --read-data
	exits 0 pacs-backup restore -r "$remote" -o b
	same_archive a b
	# One that refuses them all is status 4, with its words; later it goes on.
	ct new 5 1 1 && pacs-store new
	sed -i 's/n % 3/n * 0/' bin/rclone
	PATH=$PWD/bin:$PATH exits 4 pacs-backup create -r "$remote"
	grep -q 'upload refused' err
	exits 0 pacs-backup create -v -r "$remote"
	grep -q 'snapshot 2: 1 objects' err
}

@test "a repository that another archive makes at the same moment stays its own" {
	need rclone
	pacs-init other
	# A stand-in that makes it when the second list, of what is there, was
	# given: what comes next is the marker.
	mkdir bin
	cat >bin/rclone <<-END
	#!/bin/sh
	"$(command -v rclone)" "\$@"
	status=\$?
	if [ "\$1" = lsf ]; then
		echo >>"$PWD/lists"
		[ "\$(wc -l <"$PWD/lists")" -ne 2 ] ||
			pacs-backup create -a "$PWD/other" -r "$PWD/repo"
	fi
	exit \$status
	END
	chmod +x bin/rclone
	PATH=$PWD/bin:$PATH exits 4 pacs-backup create -r "rclone::local:$PWD/repo"
	grep -q 'holds the archive' err
	exits 0 pacs-backup verify -r repo --read-data --against -a other
	exits 0 pacs-backup create -a other -r repo
}

@test "prune removes from a remote what an interrupted one had named" {
	need rclone
	night
	mkdir repo/dropped
	for n in 00098 00099; do
		echo packs/000001/$n.tar.zst
	done >repo/dropped/removed
	echo "sha256=$(sha256sum <repo/dropped/removed | cut -c1-64)" >>repo/dropped/removed
	find repo -type f ! -name lock | sort >before
	echo x >repo/packs/000001/00099.tar.zst
	exits 0 pacs-backup prune -r "rclone::local:$PWD/repo" --keep-daily=1
	find repo -type f ! -name lock | sort | diff before -
	exits 0 pacs-backup restore -r repo -o b
	same_archive a b
}
