#!/bin/sh
# toy_check.sh ROOT OUT: what toy_store.py promised must be there.
cd "$1" || exit 9
while read -r name; do
	[ -f "objects/$name" ] || { echo "lost: $name"; exit 1; }
	grep -q "^$name " ledger || { echo "not in the ledger: $name"; exit 1; }
done <"$2"
for f in objects/*; do
	[ -e "$f" ] || continue
	[ "$(sha256sum <"$f" | cut -c1-64)" = "${f#objects/}" ] || {
		echo "not whole: $f"
		exit 1
	}
done
