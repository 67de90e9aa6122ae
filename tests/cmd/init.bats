#!/usr/bin/env bats
# pacs-init: an empty archive, or nothing.

load ../helper/env

setup() {
	pacs_setup
}

mode() {
	stat -c %a "$1"
}

@test "init makes an archive, quietly" {
	exits 0 pacs-init a
	[ ! -s out ] && [ ! -s err ]
	for f in a a/objects a/ledger a/incoming a/quarantine; do
		[ -d "$f" ]
		[ "$(mode "$f")" = 750 ]
	done
	[ "$(mode a/pacs-archive)" = 640 ]
	[ -z "$(find a/objects -type f)" ]
}

@test "init takes an empty folder that is there" {
	mkdir a
	exits 0 pacs-init a
	[ -f a/pacs-archive ]
}

@test "init respects the umask" {
	umask 077
	exits 0 pacs-init a
	[ "$(mode a)" = 700 ]
	[ "$(mode a/objects)" = 700 ]
	[ "$(mode a/pacs-archive)" = 600 ]
}

@test "init leaves a folder alone that is not empty" {
	mkdir a
	echo precious >a/file
	exits 4 pacs-init a
	[ ! -s out ] && [ -s err ]
	[ "$(ls -A a)" = file ]
}

@test "init does not make an archive twice" {
	exits 0 pacs-init a
	cp a/pacs-archive before
	exits 4 pacs-init a
	grep -q "is an archive already" err
	cmp before a/pacs-archive
}

@test "init does not put an archive into an archive" {
	exits 0 pacs-init a
	mkdir a/objects/empty
	for inner in a/b a/objects/c a/objects/empty; do
		exits 4 pacs-init "$inner"
		grep -q "lies in another archive" err
	done
	[ ! -e a/b ] && [ ! -e a/objects/c ] && [ -d a/objects/empty ]
	exits 0 pacs-init b
}

@test "init prints what it made" {
	exits 0 pacs-init --print a
	IFS=$'\t' read -r path uuid created <out
	[ "$path" = "$PWD/a" ]
	[[ $uuid =~ ^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$ ]]
	[[ $created =~ ^20[0-9]{2}-.*Z$ ]]
	grep -q "$uuid" a/pacs-archive
	exits 0 pacs-init --print --format=json b
	/usr/bin/python3 -c 'import json; print(*sorted(json.load(open("out"))))' >keys
	[ "$(cat keys)" = "created path uuid" ]
}

@test "two archives have two identities" {
	pacs-init --print -f uuid a >one
	pacs-init --print -f uuid b >two
	run ! cmp -s one two
}

@test "init writes the settings down" {
	mkdir "fast disk"
	exits 0 pacs-init --default-issuer=HOSP --timezone=Europe/Berlin \
		--floor=2M --index="$PWD/fast disk" a
	grep -qx 'default-issuer=HOSP' a/pacs-archive
	grep -qx 'timezone=Europe/Berlin' a/pacs-archive
	grep -qx 'floor=2097152' a/pacs-archive
	grep -qx "index=$PWD/fast disk" a/pacs-archive
}

@test "init refuses settings that would break the marker" {
	exits 2 pacs-init --default-issuer=$'a\nrequired=x' a
	[ ! -e a ]
}

@test "init wants one folder" {
	exits 2 pacs-init
	exits 2 pacs-init a b
	[ ! -e a ]
	[ ! -e b ]
}

@test "init says why it could not" {
	exits 4 pacs-init no/such/folder/a
	grep -q 'no/such/folder' err
}

@test "settings that would mean nothing are refused, and nothing is made" {
	exits 2 pacs-init --timezone=Europe/Berln a
	grep -q "Europe/Berln.*no timezone" err
	exits 2 pacs-init --index=relative a
	grep -q "full path" err
	exits 2 pacs-init --index="$PWD/nowhere" a
	grep -q "no folder" err
	[ ! -e a ]
	exits 0 pacs-init --timezone=CET-1CEST a
	mkdir ix
	pacs-init --index="$PWD/ix" c
	pacs-index -a c update
	exits 2 pacs-init --index="$PWD/ix" d
	grep -q "'$PWD/ix' holds the index of another archive" err
	[ ! -e d ]
	exits 0 pacs-init --floor=0 b
	grep -qx floor=1 b/pacs-archive
}

@test "a floor in the marker that is no number is named by all who open it" {
	exits 0 pacs-init a
	chmod u+w a/pacs-archive
	echo 'floor=100 G' >>a/pacs-archive
	exits 4 pacs-find -a a
	grep -q "floor=100 G.*no number of bytes" err
}
