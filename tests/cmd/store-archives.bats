#!/usr/bin/env bats
# pacs-store: tar, zip, ISO images, and what hostile ones try.

load ../helper/env
load ../helper/store

setup() {
	store_setup
}

# As a file, by -n, and as a stream: COUNT objects each time.
takes() { # FILE COUNT
	pacs-init b
	exits 0 pacs-store -a b -n -f outcome "$1"
	[ "$(tally)" = "$2 stored" ]
	exits 0 pacs-store -a b --print -f outcome "$1"
	[ "$(tally)" = "$2 stored" ]
	pacs-store -a b --stdin --print -f outcome >out < <(cat "$1")
	[ "$(tally)" = "$2 duplicate" ]
	pacs-store --stdin < <(cat "$1")
	diff -r a/objects b/objects
	whole
	rm -rf b
}

@test "a tar, whatever packs it" {
	cts in 30
	tar cf x.tar in
	takes x.tar 30
	gzip -k x.tar
	takes x.tar.gz 30
	need zstd
	zstd -q x.tar
	takes x.tar.zst 30
	for form in v7 ustar gnu posix; do
		tar --format=$form -cf form.tar in
		takes form.tar 30
	done
}

@test "a zip, with a table or from a pipe" {
	need zip
	cts in 30
	zip -qr x.zip in
	takes x.zip 30
	zip -qr - in | cat >y.zip
	takes y.zip 30
	zip -q0r z.zip in
	takes z.zip 30
}

@test "an ISO image of a patient's disc" {
	need genisoimage
	cts disc/DICOM 30
	echo viewer >disc/AUTORUN.INF
	genisoimage -quiet -R -J -o x.iso disc 2>/dev/null
	exits 0 pacs-store --print -f outcome x.iso
	[ "$(tally)" = "1 skipped
30 stored" ]
	pacs-store --stdin --print -f outcome <x.iso >out
	[ "$(tally)" = "30 duplicate
1 skipped" ]
	whole
}

@test "one object packed by gzip" {
	ct one 1 1 1
	gzip one
	exits 0 pacs-store --print -f outcome,source one.gz
	[ "$(cat out)" = "stored	one.gz//one" ]
}

@test "archive files are found in folders, by their bytes" {
	cts in 5
	mkdir discs
	tar cf discs/photo.jpg in
	ct discs/one 1 1 6
	exits 0 pacs-store discs
	[ "$(objects)" -eq 6 ]
}

@test "two tars in one stream are both read" {
	ct one 1 1 1
	ct two 1 1 2
	tar cf 1.tar one
	tar cf 2.tar two
	cat 1.tar 2.tar | pacs-store --stdin --print -f outcome >out
	[ "$(tally)" = "2 stored" ]
}

@test "members that are big are streamed" {
	ct in/big 1 1 1 'dcm.noise(1, 4000000)'
	ct in/bare 1 1 2 'raw = dcm.ct(1, 1, 2, dcm.noise(2, 3000000)); raw = raw[raw.index(b"\x08\0\x08\0CS"):]'
	tar czf x.tgz in
	takes x.tgz 2
	in_archive in/big
}

@test "links and other things in a tar are told, directories are not" {
	ct in/one 1 1 1
	ln -s one in/symlink
	ln in/one in/two
	mkfifo in/fifo
	tar --sort=name -cf x.tar in
	exits 0 pacs-store --print -f outcome,reason,source x.tar
	LC_ALL=C sort out | diff - <(
		printf 'skipped\tdevice\tx.tar//in/fifo\n'
		printf 'skipped\tlink\tx.tar//in/symlink\n'
		printf 'skipped\tlink\tx.tar//in/two\n'
		printf 'stored\t\tx.tar//in/one\n'
	)
}

@test "--move leaves archive files alone" {
	cts in 3
	tar cf x.tar in
	exits 0 pacs-store --move x.tar
	[ -e x.tar ]
}

# --- what is not all there ------------------------------------------------------

@test "a tar that was cut is a failure, wherever it was cut" {
	cts in 4
	tar --sort=name --format=ustar -cf x.tar in
	size=$(stat -c %s x.tar)
	# Behind the third member exactly: what is there looks whole.
	/usr/bin/python3 -c 'import tarfile
print(tarfile.open("x.tar").getmembers()[3].offset)' >boundary
	for n in "$(cat boundary)" 700 3000 $((size / 2)); do
		head -c "$n" x.tar >cut.tar
		exits 3 pacs-store cut.tar
		grep -q 'broken-archive' err
		status=0
		pacs-store --stdin <cut.tar 2>err || status=$?
		[ "$status" -eq 3 ]
		gzip -c cut.tar >cut.tgz
		exits 3 pacs-store cut.tgz
	done
	gzip -c x.tar | head -c 2000 >cut.tgz
	exits 3 pacs-store cut.tgz
	exits 0 pacs-store x.tar
	whole
}

@test "cut zips and images are failures, and what is whole in them is stored" {
	need zip genisoimage
	cts in 20
	zip -qr x.zip in
	genisoimage -quiet -no-pad -R -o x.iso in 2>/dev/null
	for f in x.zip x.iso; do
		head -c $(($(stat -c %s $f) * 2 / 3)) $f >part.cut
		exits 3 pacs-store --print -f outcome part.cut
		grep -q stored out
		grep -q failed out
		rm -rf a
		pacs-init a
	done
}

@test "a member whose bytes do not fit its check sum is a failure" {
	need zip
	ct one 1 1 1 'dcm.noise(1, 5000)'
	zip -q0 x.zip one
	at=$(($(stat -c %s x.zip) / 2))
	printf X | dd of=x.zip bs=1 seek=$at conv=notrunc status=none
	exits 3 pacs-store x.zip
	[ "$(objects)" -eq 0 ]
}

@test "an archive file inside another is a failure that says what to do" {
	ct in/one 1 1 1
	tar cf in/inner.tar in/one
	tar cf x.tar in
	exits 3 pacs-store --print -f outcome,reason x.tar
	[ "$(tally)" = "1 failed nested-archive
1 stored" ]
	grep -q 'unpack it first' err
}

@test "kinds that are not read, and encrypted members, are failures" {
	need zip
	printf '7z\xbc\xaf\x27\x1c0000' >x.7z
	printf 'BZh91AY&SY0000' >x.bz2
	exits 3 pacs-store --print -f outcome,reason x.7z x.bz2
	[ "$(tally)" = "2 failed unsupported-archive" ]
	ct one 1 1 1
	zip -q -P secret x.zip one
	exits 3 pacs-store --print -f outcome,reason x.zip
	[ "$(tally)" = "1 failed encrypted" ]
}

# --- hostile ones ----------------------------------------------------------------

@test "names in a tar lead nowhere" {
	mkdir box
	cd box || return
	/usr/bin/python3 - <<-'END'
		import io, os, sys, tarfile
		sys.path.insert(0, os.path.join(os.environ["PACS_TOP"], "tests/fault"))
		sys.dont_write_bytecode = True
		import dcm
		top = os.getcwd()
		names = ["../../etc/x", "../escaped", top + "/absolute", "a/../../../up",
		         "link/through", "new\nline", "bell\x07", "bad\udcff",
		         "-rf", "\u202egnp.exe", "con", "x" * 200]
		t = tarfile.open("../hostile.tar", "w", format=tarfile.GNU_FORMAT,
		                 encoding="utf-8", errors="surrogateescape")
		link = tarfile.TarInfo("link"); link.type = tarfile.SYMTYPE
		link.linkname = top; t.addfile(link)
		for i, name in enumerate(names):
		    raw = dcm.ct(1, 1, i + 1)
		    m = tarfile.TarInfo(name); m.size = len(raw)
		    t.addfile(m, io.BytesIO(raw))
		t.close()
	END
	exits 0 pacs-store --print -f outcome,source ../hostile.tar
	[ "$(cut -f1 out | sort | uniq -c | awk '{ $1 = $1; print }')" = "1 skipped
12 stored" ]
	[ "$(ls -A)" = "err
out" ]
	[ "$(ls -A ..)" = "a
box
hostile.tar" ]
	# Names are shown so that a terminal is safe and a line is a line.
	grep -qF '//new\\x0aline' out
	grep -qF '//bell\\x07' out
	grep -qF '//bad\\xff' out
	cd ..
	whole
}

@test "a zip bomb of zeros is passed over without being unpacked" {
	need zip
	/usr/bin/python3 - <<-'END'
		import zipfile
		z = zipfile.ZipFile("bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1)
		with z.open("zeros", "w", force_zip64=True) as f:
		    block = bytes(1 << 24)
		    for i in range(80):
		        f.write(block)
		z.close()
	END
	exits 1 timeout "$(patience 20)" pacs-store bomb.zip
	[ "$(objects)" -eq 0 ]
}

# A gzip that unpacks to a tar with one member of many GiB: one block of zeros,
# packed once and repeated.
bomb() { # FIRST-BYTES-OF-MEMBER
	/usr/bin/python3 - "$1" <<-'END'
		import gzip, sys, tarfile
		block = gzip.compress(bytes(1 << 26), 9)
		count = 1000
		m = tarfile.TarInfo("bomb"); m.size = count << 26
		head = m.tobuf(tarfile.GNU_FORMAT)
		start = open(sys.argv[1], "rb").read() if sys.argv[1] else b""
		with open("bomb.tgz", "wb") as f:
		    f.write(gzip.compress(head + start))
		    for i in range(count):
		        f.write(block)
	END
}

@test "a tar bomb of 64 GiB is given up soon, and is a failure" {
	bomb ''
	exits 3 timeout "$(patience 60)" pacs-store --print -f outcome,reason bomb.tgz
	tail -n 1 out | grep -qx 'failed	bomb'
	[ -z "$(ls a/incoming)" ]
}

@test "an object that is a bomb is given up, and nothing of it is left" {
	ct start 1 1 1 'raw = raw[:-40] + b"\xe0\x7f\x10\0OW\0\0\0\0\0\xf0"'
	bomb start
	exits 3 timeout "$(patience 120)" pacs-store --print -f outcome,reason bomb.tgz
	grep -qx 'failed	bomb' out
	[ "$(objects)" -eq 0 ]
	[ -z "$(ls a/incoming)" ]
}

@test "a deflate bomb inside an object costs little" {
	/usr/bin/python3 - <<-'END'
		import os, sys, zlib
		sys.path.insert(0, os.path.join(os.environ["PACS_TOP"], "tests/fault"))
		sys.dont_write_bytecode = True
		import dcm
		raw = dcm.ct(1, 1, 1).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99")
		cut = raw.index(b"\x08\0\x08\0CS")
		body = raw[cut:]
		z = zlib.compressobj(9, zlib.DEFLATED, -15)
		# A private element of 1 GiB before the UIDs of study and series.
		at = body.index(b"\x10\0\x10\0PN")
		out = z.compress(body[:at] + b"\x09\0\x01\x10OB\0\0" + (1 << 30).to_bytes(4, "little"))
		for i in range(64):
		    out += z.compress(bytes(1 << 24))
		out += z.compress(body[at:]) + z.flush()
		meta = raw[:cut]
		old = (20).to_bytes(2, "little") + b"1.2.840.10008.1.2.1.99"
		new = (22).to_bytes(2, "little") + b"1.2.840.10008.1.2.1.99"
		assert old in meta
		meta = meta.replace(old, new)
		n = int.from_bytes(meta[140:144], "little") + 2
		meta = meta[:140] + n.to_bytes(4, "little") + meta[144:]
		open("bomb", "wb").write(meta + out)
	END
	exits 3 timeout "$(patience 20)" pacs-store --print -f outcome,reason bomb
	[ "$(cat out)" = "quarantined	limit" ] || [ "$(cat out)" = "quarantined	no-uids" ] ||
		[ "$(cat out)" = "quarantined	broken" ]
}

@test "a zip that claims a million members where there are none" {
	printf 'PK\5\6\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\x0f\0\0\0\0\0\0' >x.zip
	status=0
	timeout "$(patience 10)" pacs-store x.zip >out 2>err || status=$?
	[ "$status" -eq 1 ] || [ "$status" -eq 3 ]
}

@test "memory stays flat: many files, big ones, big archives" {
	! ldd "$(native pacs-store)" | grep -q libasan ||
		skip "a sanitizer keeps memory of its own"
	not_wrapped "and so does valgrind"
	cts in 3000
	ct in/big 1 1 4000 'dcm.noise(1, 120000000)'
	tar cf x.tar in
	for item in in x.tar; do
		rm -rf a
		pacs-init a
		/usr/bin/python3 - "$item" >&3 <<-'END'
			import resource, subprocess, sys
			r = subprocess.run(["pacs-store", "-j", "4", sys.argv[1]])
			assert r.returncode == 0, r.returncode
			peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
			print(f"# store {sys.argv[1]}: peak {peak >> 10} MiB")
			assert peak < 64 << 10, peak
		END
		[ "$(objects)" -eq 3001 ]
	done
}
