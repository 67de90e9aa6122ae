#!/usr/bin/env bats
# make install puts the right files in the right places, and they work there.

load ../helper/env

setup() {
	pacs_setup
	case $PACS_BUILD in */asan) skip "not with sanitizers" ;; esac
	root=$PWD/root
}

# make TARGET into ./root, under the prefix $1.
make_install() {
	make -s -C "$PACS_TOP" "$2" B="$PACS_BUILD" PREFIX="$1" DESTDIR="$root"
}

# Names of programs, sorted.
programs() {
	local f
	for f in "$PACS_TOP"/cmd/pacs*.c; do
		basename "$f" .c
	done
}

# What should be there, from the source tree, under the prefix $1.
expected() {
	local p f
	for p in $(programs); do
		echo "$1/bin/$p"
		echo "$1/share/bash-completion/completions/$p"
		echo "$1/share/fish/vendor_completions.d/$p.fish"
	done
	for f in "$PACS_TOP"/man/*.[1-9]; do
		echo "$1/share/man/man${f##*.}/${f##*/}"
	done
	for f in "$PACS_TOP"/examples/*.*; do
		echo "$1/share/doc/pacs-tools/examples/${f##*/}"
	done
	echo "$1/lib/pacs-tools/pacs-dcmtk.so"
	echo "$1/lib/pacs-tools/pacs-dcmtk-net.so"
	echo "$1/share/doc/pacs-tools/LICENSE"
	echo "$1/share/doc/pacs-tools/README.md"
	echo "$1/share/doc/pacs-tools/lib-README.md"
	echo "$1/share/zsh/site-functions/_pacs"
}

@test "install places exactly the programs, pages, completions, examples and texts" {
	make_install /usr install
	(cd root && find . ! -type d | sed 's|^\.||' | sort) >got
	expected /usr | sort >want
	diff -u want got
}

@test "installed texts name where things were installed" {
	make_install /opt/x install
	local f
	run grep -rl /usr/local root/opt/x/share/man root/opt/x/share/doc/pacs-tools/examples
	assert_output ""
	run grep -rhoE "/opt/x/[^: ]*" root/opt/x/share/man root/opt/x/share/doc/pacs-tools/examples
	for f in "${lines[@]}"; do
		[ -e "root$f" ]
	done
	[ "${#lines[@]}" -ge 6 ]
}

@test "units are right, and have a folder for temporary files" {
	local unit
	root=''
	make_install "$PWD/here" install
	for unit in here/share/doc/pacs-tools/examples/*.service; do
		grep -qx ProtectSystem=strict "$unit" # /tmp too is read-only then
		grep -qx PrivateTmp=yes "$unit"
	done
	command -v systemd-analyze || skip "no systemd-analyze"
	run systemd-analyze verify --man=no here/share/doc/pacs-tools/examples/*.{service,timer}
	assert_success
	assert_output ""
}

@test "every program has a manual page" {
	local p
	for p in $(programs); do
		[ -f "$PACS_TOP/man/$p.1" ]
	done
}

@test "uninstall removes all that install placed" {
	make_install /opt/x install
	make_install /opt/x uninstall
	run find root ! -type d
	assert_output ""
}

@test "modes do not depend on the umask, links point at files" {
	(umask 077 && make_install /usr install)
	run find root/usr/bin -type f ! -perm 755
	assert_output ""
	run find root/usr/share root/usr/lib -type f ! -perm 644 ! -perm 755
	assert_output ""
	run find root -type d ! -perm 755 ! -path root
	assert_output ""
	run find root -xtype l
	assert_output ""
}

@test "installed programs work where they are, codecs included" {
	make_install /somewhere/else install
	PATH=$root/somewhere/else/bin:/usr/bin:/bin
	exits 0 pacs find --version
	exits 0 pacs phantom -o made --modality=CT --instances=2 --rows=32 \
		--syntax=1.2.840.10008.1.2.4.70
	run find made -name '*.dcm'
	assert_equal "${#lines[@]}" 2
	exits 0 pacs init archive
	exits 0 pacs store -a archive made
	exits 0 pacs find -a archive --count -L instance
	same out <<<2
}
