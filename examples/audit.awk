#!/usr/bin/awk -f
# Audit an archive's ledger with awk and sha256sum alone: is the chain of checks
# whole, and what should be in objects/? Prints "SHA-256  PATH" lines for
# `sha256sum -c` (run it in the archive). Exit status 1: the chain is broken.
#
#     cd /archive && awk -f audit.awk ledger/*.tsv >should && sha256sum -c should
#
# One sha256sum a line and one a study: about a thousand lines a second.
function digest(text,  cmd, out) {
	cmd = "printf %s '" text "' | sha256sum"
	cmd | getline out
	close(cmd)
	return substr(out, 1, 64)
}
BEGIN { FS = "\t"; check = "0000000000000000" }
{
	text = substr($0, 1, length($0) - length($NF) - 1)
	if (substr(digest(check text), 1, 16) != $NF) {
		print FILENAME ", line " FNR ": the chain is broken" >"/dev/stderr"
		broken = 1
		exit 1
	}
	check = $NF
	if (!($3 in shard)) shard[$3] = substr(digest($3), 1, 3)
	path = "objects/" shard[$3] "/" $3 "/" $4 "/" $5 ".dcm"
	if ($2 ~ /^(store|adopt|replace)$/) should[path] = $7
	if ($2 ~ /^(purge|void)$/) delete should[path]
}
END { if (!broken) for (p in should) print should[p] "  " p }
