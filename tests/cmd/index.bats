#!/usr/bin/env bats
# pacs-index: the index follows the ledger whatever happens, and can be thrown
# away.

load ../helper/env
load ../helper/objects
load ../helper/keys

setup_file() {
	pacs_setup
	cd "$BATS_FILE_TMPDIR" || return
	command -v dump2dcm >/dev/null || return 0
	local s n
	for s in 1 2 3; do
		for n in 1 2 3; do
			object "in/$s/$n" "$s" 1 "$n" "0010,0010:PN=TEST^P$((s % 2))" \
				"0010,0020:LO=ID$((s % 2))" \
				"0008,0020:DA=2024010$s"
		done
	done
	pacs-init empty
	cp -a empty a
	pacs-store -a a in
	pacs-index -a a update
}

setup() {
	pacs_setup
	need dump2dcm
	cp -a "$BATS_FILE_TMPDIR/a" "$BATS_FILE_TMPDIR/in" .
	export PACS_ARCHIVE=$PWD/a
}

# Everything that can be asked, at every level.
everything() {
	local level
	for level in patient study series instance; do
		pacs-find -L $level --format=json -f "$(keys_of $level | paste -sd,)" "$@"
	done
}

@test "an index is made where there is none" {
	rm -r a/index a/index.db
	exits 0 pacs-index update
	same out </dev/null
	same err </dev/null
	[ "$(readlink a/index.db)" = index/2-000001.db ]
	[ "$(pacs-find -L instance --count)" = 9 ]
	exits 0 pacs-index update -v
	grep -q "0 lines of the ledger" err
}

@test "an object that was acknowledged is found at once" {
	object in/4/1 4 1 1
	pacs-store in/4
	[ "$(pacs-find --count "StudyInstanceUID=$root.4")" = 1 ]
	exits 1 pacs-find --as-is "StudyInstanceUID=$root.none"
}

@test "--as-is does not look at the ledger" {
	object in/4/1 4 1 1
	pacs-store in/4
	exits 1 pacs-find --as-is "StudyInstanceUID=$root.4"
}

@test "a rebuild gives the same answers, byte for byte" {
	object in/1/4 1 2 1 0008,0060:CS=SR 0010,0020:LO=OTHER
	object in/4/1 4 1 1
	pacs-store in/1/4 in/4
	everything >before
	[ "$(wc -l <before)" -gt 20 ]
	exits 0 pacs-index rebuild
	everything | diff before -
	[ "$(readlink a/index.db)" = index/2-000002.db ]
	[ ! -e a/index/2-000001.db ]
	exits 0 pacs-index rebuild -j 1
	everything | diff before -
}

@test "statistics count what is there" {
	pacs-index stats --format=json >got
	grep -q '"patients":2,"studies":3,"series":3,"instances":9,' got
	grep -q '"quarantined":0,"missing":0,"unreadable":0,' got
	size=$(find a/objects -type f -printf '%s\n' | paste -sd+ | bc)
	[ "$(pacs-index stats -f size_bytes)" = "$size" ]
	[ "$(pacs-index stats -f ledger_offset)" = "$(stat -c %s a/ledger/000001.tsv)" ]
}

@test "a series of many classes has them all" {
	local n class=1.2.840.10008.5.1.4.1.1.
	for n in 1 2 3 4 5; do
		object "in/4/$n" 4 1 "$n" "0008,0016:UI=$class$n"
	done
	pacs-store in/4
	exits 0 pacs-find -L study "SOPClassesInStudy=${class}5" -f StudyInstanceUID
	echo "$root.4" | same out
}

@test "what goes to quarantine is counted" {
	object in/9/1 1 1 1 0008,103e:LO=another
	exits 3 pacs-store in/9
	[ "$(pacs-index stats -f quarantined)" = 1 ]
}

@test "a removed object is not found, and what it alone said is forgotten" {
	object in/5/1 5 1 1 0008,1030:LO=first 0008,0050:SH=ACC
	object in/5/2 5 1 2 0008,1030:LO=second
	pacs-store in/5/1
	pacs-store in/5/2
	[ "$(pacs-find -f StudyDescription,AccessionNumber "StudyInstanceUID=$root.5")" = "$(printf 'first\tACC')" ]
	command -v pacs-purge >/dev/null || skip "no pacs-purge"
	pacs-purge --yes --why test "SOPInstanceUID=$root.5.1.1"
	[ "$(pacs-find -f StudyDescription,AccessionNumber "StudyInstanceUID=$root.5")" = "$(printf 'second\t')" ]
	everything >before
	exits 0 pacs-index rebuild
	everything | diff before -
	pacs-purge --yes --why test "StudyInstanceUID=$root.5"
	exits 1 pacs-find "StudyInstanceUID=$root.5"
	exits 0 pacs-index check
	[ "$(pacs-index stats -f instances)" = 9 ]
}

@test "an object without its file is still found, and read when it is back" {
	f=$(pacs-find --paths "SOPInstanceUID=$root.2.1.1")
	mv "$f" kept
	exits 0 pacs-index rebuild
	grep -q "1 objects are on record, but not there" err
	[ "$(pacs-find -L instance -f state,InstanceNumber "SOPInstanceUID=$root.2.1.1")" = "$(printf 'missing\t')" ]
	exits 1 pacs-index check
	grep -q '^missing	instance' out
	grep -q '^no-file	instance' out
	mv kept "$f"
	exits 0 pacs-index update
	[ "$(pacs-find -L instance -f state,InstanceNumber "SOPInstanceUID=$root.2.1.1")" = "$(printf 'ok\t1')" ]
	exits 0 pacs-index check
	everything >before
	pacs-index rebuild
	everything | diff before -
}

@test "the class of an object whose file came back is in its study's classes" {
	object in/5/1 5 1 1
	pacs-store in/5/1
	f=$(find a/objects -name "$root.5.1.1.dcm")
	mv "$f" kept
	pacs-index update
	[ -z "$(pacs-find -f SOPClassesInStudy "StudyInstanceUID=$root.5")" ]
	exits 0 pacs-store --print -f outcome in/5/1
	[ "$(cat out)" = stored ]
	[ "$(pacs-find -f SOPClassesInStudy "StudyInstanceUID=$root.5")" = 1.2.840.10008.5.1.4.1.1.2 ]
	exits 0 pacs-index check
}

@test "check is silent about a sound archive" {
	exits 0 pacs-index check
	same out </dev/null
	same err </dev/null
}

@test "check finds files that are missing, too long, or not on record" {
	f=$(pacs-find --paths "SOPInstanceUID=$root.1.1.1")
	g=$(pacs-find --paths "SOPInstanceUID=$root.1.1.2")
	rm -f "$f"
	chmod u+w "$g"
	echo more >>"$g"
	cp "$g" "${g%.dcm}9.dcm"
	mkdir -p a/objects/abc/1.2/1.3
	cp "$g" a/objects/abc/1.2/1.3/1.4.dcm
	exits 1 pacs-index check -f problem,SOPInstanceUID
	sort out >got
	same got <<-END
		no-file	$root.1.1.1
		size	$root.1.1.2
		unrecorded	$root.1.1.29
		unrecorded	1.4
	END
	exits 0 pacs-index check --no-files
}

@test "check names what is no object, and goes on; and where misplaced ones are" {
	local f=objects/000/$root.1/$root.1.1 g
	g=$(pacs-find -L series -f path "StudyInstanceUID=$root.1")
	mkdir -p a/objects/02a a/objects/junk/folder a/objects/lost+found "a/$f" "a/$g/sub"
	rm -rf a/objects/000/empty
	for n in 02a/notes.txt junk.dcm junk/folder/1.dcm; do
		echo x >"a/objects/$n"
	done
	echo x >"a/$g/notes.txt"
	ln -s nowhere "a/${g%/*}/link"
	cp "a/$g/$root.1.1.1.dcm" "a/$f/"
	rm -f "a/$g/$root.1.1.2.dcm"
	exits 1 pacs-index check -f problem,SOPInstanceUID,path
	same err </dev/null
	sort out >got
	sort >want <<-END
		no-file	$root.1.1.2	$g/$root.1.1.2.dcm
		unrecorded		objects/02a/notes.txt
		unrecorded		objects/junk.dcm
		unrecorded		objects/junk/folder/1.dcm
		unrecorded		$g/notes.txt
		unrecorded		$g/sub
		unrecorded		${g%/*}/link
		unrecorded	$root.1.1.1	$f/$root.1.1.1.dcm
	END
	same got <want
}

@test "check finds rows that differ from the ledger" {
	sqlite3 a/index.db "delete from t_instance where sop_instance_uid = '$root.1.1.2'"
	exits 1 pacs-index check --no-files -f problem,SOPInstanceUID
	grep -q "^not-as-recorded	$root.1.1.2$" out
	grep -q "^wrong-sum	" out
}

@test "check finds classes and times that are not those of a series' objects" {
	sqlite3 a/index.db "update t_class set instances = 2 where series =
		(select id from t_series where series_instance_uid = '$root.1.1');
		update t_series set last_us = last_us + 1
		where series_instance_uid = '$root.2.1'"
	exits 1 pacs-index check --no-files -f problem,SeriesInstanceUID
	printf 'wrong-sum\t%s\n' "$root.1.1" "$root.2.1" | same out
}

@test "check finds rows of objects that no line speaks of" {
	sqlite3 a/index.db "update t_instance set sop_instance_uid = '$root.9'
		where sop_instance_uid = '$root.1.1.2'"
	exits 1 pacs-index check --no-files -f problem,SOPInstanceUID
	sort out >got
	same got <<-END
		not-as-recorded	$root.1.1.2
		not-as-recorded	$root.9
	END
}

@test "check lists objects that disagree, without their values" {
	object in/1/7 1 1 7 0010,0010:PN=SECRET^NAME 0010,0020:LO=ID1
	object in/6/1 6 1 1 0010,0010:PN=SECRET^OTHER 0010,0020:LO=ID0
	pacs-store in/1/7 in/6
	exits 0 pacs-index check -f problem,level,key,StudyInstanceUID,SOPInstanceUID
	run ! grep -q SECRET out
	grep -q "^differs	study	PatientName	$root.1	$root.1.1.7$" out
	grep -q "^differs	patient	PatientName	$root.6	$" out
}

@test "check lists SOP Instance UIDs that occur twice" {
	object in/7/1 7 1 1 0008,0018:UI=$root.1.1.1
	pacs-store in/7
	[ "$(pacs-find -L instance --count SOPInstanceUID=$root.1.1.1)" = 2 ]
	exits 0 pacs-index check -f problem,StudyInstanceUID
	grep -c '^doubled' out | grep -qx 2
}

@test "a damaged index is named, and made anew by one command" {
	everything >before
	dd if=/dev/urandom of=a/index/2-000001.db bs=4096 seek=1 count=20 conv=notrunc status=none
	rm -f a/index/*-wal a/index/*-shm
	exits 4 pacs-find
	grep -q "pacs-index rebuild" err
	exits 0 pacs-index rebuild
	everything | diff before -
}

# wrecked HOW: each program names the damage, and a rebuild mends it.
wrecked() {
	local f=a/index/2-000001.db
	rm -rf a/index a/index.db
	pacs-index update
	case $1 in
	sql:*) sqlite3 "$f" "${1#sql:}" ;;
	*)
		rm -rf "$f"*
		(cd a/index && eval "$1")
		;;
	esac
	exits 4 pacs-find --count Modality=CT -L instance
	grep -q "the index is damaged; make it anew with 'pacs-index rebuild'" err
	for verb in update check; do
		exits 4 pacs-index $verb
		grep -q "pacs-index rebuild" err
	done
	exits 4 pacs-purge Modality=CT
	grep -q "pacs-index rebuild" err
	exits 1 pacs-verify -f kind,path
	printf 'index\tindex.db\n' | same out
	exits 0 pacs-index rebuild
	[ "$(pacs-find --count)" = 3 ]
	exits 0 pacs-index check
}

@test "an index that is empty, text, a folder or lost a table is named as damaged" {
	wrecked ': >2-000001.db'
	wrecked 'seq 2000 >2-000001.db'
	wrecked 'head -c 10000 /dev/zero >2-000001.db'
	wrecked 'mkdir 2-000001.db'
	need sqlite3
	wrecked 'sql:drop table t_meta'
	wrecked 'sql:drop table t_series'
}

@test "a value that is one in a table and another in what is searched is damage" {
	local f=a/index/2-000001.db at
	pacs-index update
	rm -f a/index/*-wal a/index/*-shm
	at=$(grep -obUa "$root.1.1.1" $f | cut -d: -f1 | tail -n 1)
	printf 7 | dd of=$f bs=1 seek=$((at + ${#root} + 1)) conv=notrunc status=none
	exits 4 pacs-index check
	grep -q "the index is damaged; make it anew with 'pacs-index rebuild'" err
	exits 1 pacs-verify -f kind,path
	printf 'index\tindex.db\n' | same out
	exits 0 pacs-index rebuild
	exits 0 pacs-index check
}

@test "an index of another archive, or of another default issuer, is made anew" {
	pacs-init --default-issuer=X b
	pacs-store -a b in/1
	cp a/index/2-000001.db b/index/
	ln -s index/2-000001.db b/index.db
	[ "$(pacs-find -a b --count)" = 1 ]
	sed -i 's/^default-issuer=.*/default-issuer=Y/' b/pacs-archive
	[ "$(pacs-find -a b --count)" = 1 ]
	[ "$(readlink b/index.db)" = index/2-000003.db ]
}

@test "an index ahead of the ledger goes back with it" {
	cp a/ledger/000001.tsv ledger
	object in/4/1 4 1 1
	object in/1/9 1 1 9 0008,1030:LO=late
	pacs-store in/4 in/1/9
	everything >ahead
	# A power cut: the lines are lost, the objects too.
	cp ledger a/ledger/000001.tsv
	find a/objects -name "$root.4.1.1.dcm" -delete
	find a/objects -name "$root.1.1.9.dcm" -delete
	everything >back
	run ! diff -q ahead back
	[ "$(pacs-find -L instance --count)" = 9 ]
	[ "$(readlink a/index.db)" = index/2-000001.db ]
	exits 0 pacs-index check
	pacs-index rebuild
	everything | diff back -
}

@test "a ledger with another history makes a new index" {
	pacs-init b
	cp a/pacs-archive b/
	pacs-store -a b in/3
	rm -r a/ledger a/objects
	mv b/ledger b/objects a/
	[ "$(pacs-find --count)" = 1 ]
	[ "$(readlink a/index.db)" = index/2-000002.db ]
}

@test "indexes of other schema versions are left alone" {
	cp a/index/2-000001.db a/index/99-000001.db
	ln -sfn index/99-000001.db a/index.db
	[ "$(pacs-find --count)" = 3 ]
	[ "$(readlink a/index.db)" = index/99-000001.db ]
	rm a/index/2-000001.db*
	[ "$(pacs-find --count)" = 3 ]
	[ -e a/index/99-000001.db ]
}

@test "an index of an older schema is left to older programs" {
	rm -r a/index/2-*
	echo "not for us" >a/index/1-000007.db
	ln -sfn index/1-000007.db a/index.db
	[ "$(pacs-find --count)" = 3 ]
	[ "$(readlink a/index.db)" = index/2-000001.db ]
	echo "not for us" | same a/index/1-000007.db
}

@test "the index may be elsewhere" {
	mkdir elsewhere
	pacs-init --index="$PWD/elsewhere" b
	pacs-store -a b in
	[ "$(pacs-find -a b --count)" = 3 ]
	[ -L elsewhere/index.db ]
	[ ! -e b/index.db ]
}

@test "many programs at once see the same, while one does the work" {
	not_wrapped "what takes a hundred times as long is told to try again"
	rm -r a/index a/index.db
	for i in $(seq 12); do
		pacs-find -L instance --count >"count.$i" 2>&1 &
	done
	wait
	cat count.* | sort -u >got
	echo 9 | same got
	object in/4/1 4 1 1
	pacs-store in/4
	for i in $(seq 100); do
		pacs-find -L instance --count >"count.$i" 2>&1 &
	done
	wait
	[ "$(cat count.* | wc -l)" -eq 100 ]
	cat count.* | sort -u >got
	echo 10 | same got
	exits 0 pacs-index check
}

@test "who waits to write goes on when another program has done the work" {
	local db
	db=$(realpath a/index.db)
	object in/4/1 4 1 1
	pacs-store in/4
	cp -a a b
	pacs-index -a b update
	# One that catches up while the question waits, and then holds on, as one
	# does that reads all headers again for a new key.
	/usr/bin/python3 - "$db" "$(realpath b/index.db)" <<-'END'
		import sqlite3, subprocess, sys, time
		c = sqlite3.connect(sys.argv[1], isolation_level=None)
		c.execute("ATTACH ? AS done", (sys.argv[2],))
		c.execute("BEGIN IMMEDIATE")
		p = subprocess.Popen(["pacs-find", "--count"])
		time.sleep(0.3)
		c.execute("UPDATE main.t_meta SET value = (SELECT value FROM done.t_meta"
		          " WHERE key = 'cursor') WHERE key = 'cursor'")
		c.execute("COMMIT")
		c.execute("BEGIN IMMEDIATE")
		sys.exit(p.wait(timeout=20))
	END
}

@test "a reader that stalls holds nobody up" {
	mkfifo pipe
	pacs-find -L instance >pipe &
	exec 7<pipe
	read -r -u 7 _
	object in/4/1 4 1 1
	pacs-store in/4
	[ "$(pacs-find -L instance --count)" = 10 ]
	exits 0 pacs-index rebuild
	exec 7<&-
	wait
}

@test "on a read-only medium questions are answered, what is missing from memory" {
	[ "$(id -u)" -eq 0 ] || skip "mounting needs root"
	local i
	mkdir disk
	mount -t tmpfs -o size=8m none disk 2>/dev/null ||
		skip "mounting is not allowed here"
	for i in whole behind none; do
		cp -a a "disk/$i"
	done
	object in/4/1 4 1 1
	pacs-store -a disk/behind in/4
	rm -r disk/none/index/* disk/none/index.db
	mount -o remount,ro disk
	for i in whole behind none; do
		pacs-find -a "disk/$i" -L instance --count >"count.$i" || true
		pacs-index -a "disk/$i" check --no-files >"check.$i" || true
		pacs-index -a "disk/$i" rebuild 2>"err.$i" && touch "made.$i"
	done
	umount disk
	cat count.* | paste -sd' ' >got
	echo "10 9 9" | same got
	cat check.* | same /dev/null
	cat err.none
	grep -q "ead-only" err.whole
	[ ! -e made.whole ]
}

@test "a user who may not write gets what is missing in memory" {
	[ "$(id -u)" = 0 ] || skip "not root"
	need setpriv
	chmod 755 . a
	chmod -R a+rX a "$BATS_TEST_TMPDIR"
	chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" 2>/dev/null || true
	as_reader() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
	as_reader test -r "$PWD/a/pacs-archive" || skip "the test folder is closed"
	[ "$(as_reader "$(native pacs-find)" -a "$PWD/a" -L instance --count)" = 9 ]
	object in/4/1 4 1 1
	pacs-store in/4
	chmod -R a+rX a
	[ "$(as_reader "$(native pacs-find)" -a "$PWD/a" -L instance --count)" = 10 ]
	[ "$(pacs-find --as-is -L instance --count)" = 9 ]
	rm -r a/index/* a/index.db
	[ "$(as_reader "$(native pacs-find)" -a "$PWD/a" -L instance --count)" = 10 ]
}

@test "a killed update or rebuild leaves an index that goes on" {
	everything >before
	for n in 1 5 20 60; do
		timeout -s KILL "0.0$n" pacs-index rebuild || true
		everything | diff before -
	done
	exits 0 pacs-index rebuild
	[ -z "$(find a/index -name '*.new*')" ]
}

# interrupted N%: a rebuild of archive b, killed after that part of its calls
# that change the disk.
interrupted() {
	local calls
	cp -a b undisturbed
	LD_PRELOAD=$PACS_BUILD/fault/shim.so SHIM_ROOT=$PWD/undisturbed \
		SHIM_STATE=$PWD/calls pacs-index -a undisturbed rebuild
	calls=$(od -An -t u8 -N 8 calls | tr -d ' ')
	LD_PRELOAD=$PACS_BUILD/fault/shim.so SHIM_ROOT=$PWD/b \
		SHIM_STATE=$PWD/again SHIM_KILL=$((calls * $1 / 100)) \
		pacs-index -a b rebuild || [ $? = 137 ]
	rm -r undisturbed again calls
	ls b/index/*.new
}

@test "a rebuild that was stopped goes on where it was" {
	[ -e "$PACS_BUILD/fault/shim.so" ] || skip "no shim"
	need sqlite3
	pacs-phantom -o many --modality=CT --studies=1 --series=3 \
		--instances=1000 --rows=16 >/dev/null
	pacs-init b
	pacs-store -q -a b many
	rm -r many
	pacs-index -a b update
	everything -a b >before
	rm -r b/index b/index.db
	mkdir b/index
	interrupted 55
	cp b/index/*.new* .
	# Whole transactions are there, and not all of them.
	n=$(sqlite3 "$(ls ./*.new)" 'select count(*) from t_instance')
	[ "$n" -ge 2000 ]
	[ "$n" -lt 3000 ]
	exits 0 pacs-index -a b rebuild -v
	grep -q "a rebuild that was stopped goes on" err
	grep -q "$((3000 - n)) instances added" err
	[ -z "$(find b/index -name '*.new*')" ]
	everything -a b | diff before -
	exits 0 pacs-index -a b check --no-files
	# What it left is of no use if the archive has got another history.
	interrupted 55
	sed -i 's/^default-issuer=.*//; $a default-issuer=OTHER' b/pacs-archive
	exits 0 pacs-index -a b rebuild -v
	run ! grep -q "goes on" err
	grep -q " 3000 instances added" err
}

@test "the schema is printed, and SQLite takes it" {
	need sqlite3
	pacs-index schema | sqlite3 other.db
	sqlite3 other.db 'select count(*) from instances' >got
	echo 0 | same got
	sqlite3 -readonly a/index.db 'select count(*) from instances' >got
	echo 9 | same got
}

@test "the views say what pacs-find says" {
	need sqlite3
	pacs-find -L instance -f SOPInstanceUID,stored_at,sha256,SOPClassUID,origin,state |
		sort >want
	sqlite3 -readonly -separator "$(printf '\t')" a/index.db \
		'select sop_instance_uid, stored_at, sha256, sop_class_uid, origin, state from instances' |
		sort | diff want -
}

@test "files are open to the group only, and owned by the archive's owner" {
	[ "$(stat -c %a a/index/2-000001.db)" = 640 ]
	[ "$(id -u)" = 0 ] || skip "not root"
	chown -R 65534:65534 a
	rm -r a/index a/index.db
	mkdir a/index
	chown 65534:65534 a/index
	pacs-find --count
	[ "$(stat -c %u a/index/2-000001.db)" = 65534 ]
	[ "$(stat -c %u a/index/2-000001.db-wal)" = 65534 ]
}

@test "wrong usage is told" {
	exits 2 pacs-index
	exits 2 pacs-index frobnicate
	exits 2 pacs-index update extra
	exits 4 pacs-index -a nowhere update
	exits 2 pacs-index check -f nonsense
}
