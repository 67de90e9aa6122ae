#!/usr/bin/env bats
# .ci/deps.sh installs what is missing, and only that; shown with stand-ins
# for dpkg-query, apt-get, id and sudo.

load ../helper/env

setup() {
	pacs_setup
	mkdir bin
	tool dpkg-query <<-'EOT'
	grep -qx "$4" "$HOME/installed" || exit 1
	echo installed
	EOT
	tool apt-get <<-'EOT'
	echo "apt-get $*" >>"$HOME/calls"
	EOT
	tool id <<-'EOT'
	cat "$HOME/uid"
	EOT
	for t in sh env head cat grep; do ln -s "$(command -v "$t")" bin/; done
	echo 0 >uid
	touch calls
}

# tool NAME < BODY: a stand-in for a program.
tool() {
	{
		echo '#!/bin/sh'
		cat
	} >"bin/$1"
	chmod +x "bin/$1"
}

deps() {
	PATH=$PWD/bin "$PACS_TOP/.ci/deps.sh" "$@"
}

# All that the group needs is installed, but for the packages named.
all_but() {
	local group=$1 word
	shift
	: >installed
	deps "$group" || true
	# The stand-in was asked to install all of it: that is the list.
	sed -n 's/^apt-get install.*recommends //p' calls | tr ' ' '\n' >list
	while read -r word; do
		case " $* " in *" $word "*) ;; *) echo "$word" ;; esac
	done <list >installed
	[ -s installed ]
	: >calls
}

@test "nothing is asked of the network when nothing is missing" {
	all_but build
	exits 0 deps build
	same calls </dev/null
	[ ! -s out ]
}

@test "root installs what is missing, and nothing else" {
	all_but build libsqlite3-dev g++
	exits 0 deps build
	same calls <<-'EOT'
	apt-get update -q
	apt-get install -q -y --no-install-recommends g++ libsqlite3-dev
	EOT
}

@test "others use sudo" {
	all_but build make
	echo 1000 >uid
	tool sudo <<-'EOT'
	echo "sudo $1" >>"$HOME/calls"
	exec "$@"
	EOT
	exits 0 deps build
	same calls <<-'EOT'
	sudo apt-get
	apt-get update -q
	sudo env
	apt-get install -q -y --no-install-recommends make
	EOT
}

@test "without root and sudo the missing packages are named, and it fails" {
	all_but build make gcc
	echo 1000 >uid
	exits 1 deps build
	same err <<<"Missing packages; as root: apt-get install gcc make"
	same calls </dev/null
}

@test "a failing apt-get fails" {
	all_but build make
	tool apt-get <<<'exit 100'
	exits 100 deps build
}

@test "elsewhere than on Debian it says what is needed" {
	rm bin/dpkg-query
	exits 0 deps build demo
	grep -q '^This is not Debian; .* gcc .* dcmtk' out
}

@test "a group that does not exist is refused" {
	exits 2 deps biuld
	same err <<<"deps.sh: unknown group 'biuld'"
}

@test "what the tests ask for by name is in the list of packages" {
	# need PROGRAM lines, against the packages of check: those that bring a
	# program of another name are listed here.
	local program package
	for program in $(sed -n 's/^[ 	]*need //p' "$PACS_TOP"/tests/*/*.bats |
		tr ' ' '\n' | sort -u); do
		case $program in
		dcm* | store* | dump2dcm | echoscu | findscu | movescu) package=dcmtk ;;
		dciodvfy) package=dicom3tools ;;
		gdcm*) package=libgdcm-tools ;;
		cc | nm | readelf | objdump) package=gcc ;;
		mkfs.ext4) package=e2fsprogs ;;
		bsdtar) package=libarchive-tools ;;
		pacs-* | /usr/bin/python3 | script | setpriv | taskset | unshare | getfattr | sha256sum | awk | python3) continue ;;
		man | groff) package=man-db ;;
		ip | tc) package=iproute2 ;;
		*) package=$program ;;
		esac
		grep -qw -- "$package" "$PACS_TOP/.ci/deps.sh" || {
			echo "$program ($package) is in no list of .ci/deps.sh"
			return 1
		}
	done
}
