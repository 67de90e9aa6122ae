# For the bats files about what goes into an archive.
# shellcheck shell=bash

# ct FILE STUDY SERIES INSTANCE [PYTHON]: a small CT slice; the same numbers give
# the same UIDs. PYTHON are more arguments of dcm.ct(), or "raw = ..." statements
# that change the bytes.
ct() {
	/usr/bin/python3 - "$@" <<-'END'
		import os, sys
		sys.path.insert(0, os.path.join(os.environ["PACS_TOP"], "tests/fault"))
		sys.dont_write_bytecode = True
		import dcm
		path, st, se, n = sys.argv[1], *map(int, sys.argv[2:5])
		more = sys.argv[5] if len(sys.argv) > 5 else ""
		if more.startswith("raw"):
		    raw = dcm.ct(st, se, n)
		    exec(more)
		else:
		    raw = eval(f"dcm.ct(st, se, n, {more})")
		os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
		with open(path, "wb") as f:
		    f.write(raw)
	END
}

# cts FOLDER COUNT: that many slices of one series.
cts() {
	/usr/bin/python3 - "$@" <<-'END'
		import os, sys
		sys.path.insert(0, os.path.join(os.environ["PACS_TOP"], "tests/fault"))
		sys.dont_write_bytecode = True
		import dcm
		os.makedirs(sys.argv[1], exist_ok=True)
		for n in range(1, int(sys.argv[2]) + 1):
		    with open(f"{sys.argv[1]}/{n}", "wb") as f:
		        f.write(dcm.ct(1, 1, n, dcm.noise(n, 2000)))
	END
}

# tally: lines "COUNT WORD..." of the records in ./out, sorted.
tally() {
	LC_ALL=C sort out | uniq -c | awk '{ $1 = $1; print }'
}

# in_archive FILE: these very bytes are an object of the archive.
in_archive() {
	local sum
	sum=$(sha256sum <"$1")
	find "$PACS_ARCHIVE/objects" -type f -exec sha256sum {} + |
		grep -q "^${sum%% *} "
}

# whole: the ledger's chain holds, every recorded object is there with its
# bytes, and there is no object without a line. Judged by awk and sha256sum.
whole() {
	(cd "$PACS_ARCHIVE" &&
		awk -f "$PACS_TOP/examples/audit.awk" ledger/*.tsv >../should &&
		{ [ ! -s ../should ] || sha256sum --quiet -c ../should; } &&
		find objects -type f | LC_ALL=C sort >../is &&
		sed 's/^[0-9a-f]*  //' ../should | LC_ALL=C sort | diff - ../is)
}

# objects: how many there are.
objects() {
	find "$PACS_ARCHIVE/objects" -type f | wc -l
}

# An archive in ./a, the one that PACS_ARCHIVE names.
store_setup() {
	pacs_setup
	need /usr/bin/python3
	pacs-init a
	export PACS_ARCHIVE=$PWD/a
}

# Work in a folder that others may enter; those of bats are closed to them.
# teardown() removes it.
open_folder() {
	OPEN=$(mktemp -d)
	chmod 755 "$OPEN"
	cp "$(native pacs-store)" "$OPEN/store"
	cd "$OPEN" || return
}

as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups ./store "$@"
}
