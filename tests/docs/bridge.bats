#!/usr/bin/env bats
# DCMTK stays behind its bridge: what leaves the shared object, and who loads it.

load ../helper/env

setup() {
	pacs_setup
	bridge=$PACS_BUILD/bin/pacs-dcmtk.so
}

@test "the shared object exports what bridge.h declares, and nothing else" {
	need nm
	grep -o 'pacs_dcm_bridge_[a-z]*\b' "$PACS_TOP/lib/dcmtk/bridge.h" |
		grep -v '_fn$' | sort -u >declared
	[ "$(wc -l <declared)" -ge 3 ]
	nm -D --defined-only "$bridge" | cut -d ' ' -f 3 |
		grep -v '^__asan\|^__odr_asan\|^__ubsan' | sort >exported
	diff declared exported
}

@test "the network's shared object exports one symbol" {
	need nm
	nm -D --defined-only "$PACS_BUILD/bin/pacs-dcmtk-net.so" |
		cut -d ' ' -f 3 | grep -v '^__asan\|^__odr_asan\|^__ubsan' |
		diff - <(echo pacs_dcm_net_bridge)
}

@test "no program is linked with DCMTK or with C++" {
	need readelf
	local p seen=0
	for p in "$PACS_BUILD"/bin/pacs*; do
		case $p in *.so) continue ;; esac
		readelf -d "$p" >dynamic
		grep -q NEEDED dynamic
		if grep -E 'NEEDED.*(libdcm|libof|libstdc\+\+)' dynamic; then
			echo "$p"
			return 1
		fi
		seen=$((seen + 1))
	done
	[ "$seen" -gt 0 ]
	readelf -d "$bridge" | grep -q 'NEEDED.*libdcmdata'
}

# Which objects a run loads.
loads() {
	LD_DEBUG=files "$@" 2>&1 | grep -o 'file=[^ ]*' | sort -u
}

@test "DCMTK is loaded for a codec, and for nothing else" {
	loads pacs-phantom -o native --instances=1 --rows=16 >native.files
	grep -q 'file=libc\.' native.files
	run -1 grep -E 'libdcm|pacs-dcmtk' native.files
	loads pacs-phantom -o rle --instances=1 --rows=16 \
		--syntax=1.2.840.10008.1.2.5 >rle.files
	grep -q pacs-dcmtk rle.files
	grep -q libdcmdata rle.files
}

# A copy of a program, with FILE as its bridge.
elsewhere() {
	mkdir -p away/bin
	cp "$(native pacs-phantom)" away/bin/
	[ $# -eq 0 ] || cp "$1" away/bin/pacs-dcmtk.so
}

@test "without the shared object a codec is a clear error, and the rest works" {
	[ ! -e /usr/local/lib/pacs-tools/pacs-dcmtk.so ] || skip "one is installed"
	elsewhere
	exits 4 away/bin/pacs-phantom -o x --instances=1 --rows=16 \
		--syntax=1.2.840.10008.1.2.5
	grep -q 'pacs-dcmtk.so.*not installed' err
	[ ! -e x ]
	exits 0 away/bin/pacs-phantom -o x --instances=1 --rows=16
}

@test "a shared object that is broken, or of another version, is refused" {
	need cc
	echo 'not an object' >broken
	elsewhere broken
	exits 4 away/bin/pacs-phantom -o x --instances=1 --rows=16 \
		--syntax=1.2.840.10008.1.2.5
	grep -q 'cannot load .*pacs-dcmtk.so' err
	echo 'int pacs_dcm_bridge_version(void) { return 999; }' |
		cc -shared -fPIC -x c -o other -
	elsewhere other
	exits 4 away/bin/pacs-phantom -o x --instances=1 --rows=16 \
		--syntax=1.2.840.10008.1.2.5
	grep -q 'pacs-dcmtk.so is of another version' err
	[ ! -e x ]
}
