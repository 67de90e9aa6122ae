#!/usr/bin/env bats
# A reader that stalls in the middle of a long listing: nobody waits for it, and
# nothing grows. With FAULT_FULL=1, while 100,000 objects arrive.

load ../helper/env

setup() {
	pacs_setup
}

@test "while a reader stalls, objects arrive, are found, and the WAL stays small" {
	local new=300 wal
	[ "${FAULT_FULL:-}" != 1 ] || new=100000
	pacs-init b
	"$PACS_BUILD/tools/fill-index" "$PWD/b" 100 5 20
	mkfifo pipe
	pacs-find -a b -L instance -f SOPInstanceUID >pipe &
	exec 7<pipe
	read -r -u 7 first
	pacs-phantom -o many --modality=CT --studies=1 --series=1 \
		--instances="$new" --rows=16 >/dev/null
	pacs-store -q -a b many
	[ "$(pacs-find -a b -L instance --count)" = $((10000 + new)) ]
	wal=$(stat -c %s b/index/2-000001.db-wal)
	[ "$wal" -lt 4194304 ]
	# It goes on, and has seen each object once.
	{
		echo "$first"
		cat <&7
	} >got
	exec 7<&-
	wait
	[ "$(sort -u got | wc -l)" = "$(wc -l <got)" ]
	[ "$(wc -l <got)" -ge 10000 ]
}
