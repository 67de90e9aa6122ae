# shellcheck shell=bash
# What tests of pacs-verify share.

# verify STATUS [OPTION...]: the findings are on standard input, "kind path".
verify() {
	local want=$1
	shift
	LC_ALL=C sort >wanted
	exits "$want" pacs-verify -f kind,path "$@"
	[ ! -s err ]
	LC_ALL=C sort out | diff wanted -
}
