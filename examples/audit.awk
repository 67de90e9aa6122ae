#!/usr/bin/awk -f
# Audit an archive's ledger with awk and sha256sum alone: is the chain of checks
# whole, and what should be in objects/? Prints "SHA-256  PATH" lines for
# `sha256sum -c` (run it in the archive). Exit status 1: the chain is broken.
#
#     cd /archive && awk -f audit.awk ledger/*.tsv >should && sha256sum -c should
function put(name, text) {
	printf "%s", text >(tmp "/" name)
	close(tmp "/" name)
}
function verify(  line, f, bad) { # what was put, with one sha256sum
	while ((("cd " tmp " && ls | xargs sha256sum") | getline line) > 0) {
		split(line, f, "  ")
		if (f[2] ~ /^s/) shard[study[f[2]]] = substr(f[1], 1, 3)
		else if (substr(f[1], 1, 16) != want[f[2]]) bad = bad " " f[2]
	}
	close("cd " tmp " && ls | xargs sha256sum")
	system("rm -r " tmp " && mkdir " tmp)
	if (bad) { print "ledger broken at line" bad >"/dev/stderr"; status = 1 }
}
BEGIN { FS = "\t"; check = "0000000000000000"; "mktemp -d" | getline tmp }
{
	put(NR, check substr($0, 1, length($0) - length($NF) - 1))
	want[NR] = check = $NF
	if (!($3 in known)) { known[$3]; study["s" NR] = $3; put("s" NR, $3) }
	if ($2 ~ /^(store|adopt|replace)$/) should[$3 "/" $4 "/" $5] = $7
	if ($2 ~ /^(purge|void)$/) delete should[$3 "/" $4 "/" $5]
	if (NR % 10000 == 0) verify()
}
END {
	verify()
	system("rm -r " tmp)
	for (o in should) {
		split(o, f, "/")
		print should[o] "  objects/" shard[f[1]] "/" o ".dcm"
	}
	exit status
}
