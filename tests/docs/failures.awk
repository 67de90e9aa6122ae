# FAILURES of pacs(7), from failures.tsv: awk -f failures.awk failures.tsv
BEGIN { FS = "\t" }
/^#/ { next }
$2 == "-" {
	told()
	what = $4
	next
}
{
	if (!($3 in list))
		order[++n] = $3
	list[$3] = list[$3] (list[$3] ? ", " : "") $2
}
END { told() }

# "pacs-store --print" -> macros are not needed: one line for each status.
function told(i) {
	if (!n)
		return
	print ".It " what
	for (i = 1; i <= n; i++) {
		if (i > 1)
			print ".br"
		gsub(/-/, "\\-", list[order[i]])
		print order[i] ": " list[order[i]]
	}
	delete list
	n = 0
}
