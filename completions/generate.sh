#!/bin/sh
# Make pacs.bash, _pacs (zsh) and pacs.fish from what the programs say of
# themselves: generate.sh BINDIR OUTDIR. `make completions` calls this; the
# result is committed, and tests/docs/completions.bats looks for drift.
#
# --dump-options prints lines of tab-separated columns:
#	letter name argument kind help | "verb" name | "field" name help
set -eu
bin=$1
out=$2
here=$(dirname "$0")
table=$(mktemp)
trap 'rm -f "$table" "$table.one"' EXIT

for program in "$bin"/pacs "$bin"/pacs-*; do
	case $program in
	*.so | *'*') continue ;;
	esac
	"$program" --dump-options >"$table.one"
	sed "s|^|${program##*/}	|" "$table.one" >>"$table"
done

for shell in bash zsh fish; do
	case $shell in
	zsh) file=_pacs ;;
	*) file=pacs.$shell ;;
	esac
	awk -v here="$here" -f "$here/common.awk" -f "$here/$shell.awk" "$table" >"$out/$file.new"
	mv "$out/$file.new" "$out/$file"
done
