# Read the table of generate.sh into arrays; the shells' scripts print them.
BEGIN { FS = "\t" }
$1 != program { program = $1; programs[++program_count] = program }
$2 == "verb" {
	verbs[program] = verbs[program] (verbs[program] ? " " : "") $3
	next
}
$2 == "field" {
	fields[program] = fields[program] (fields[program] ? " " : "") $3
	next
}
{
	n = ++option_count[program]
	letter[program, n] = $2
	name[program, n] = $3
	arg[program, n] = $4
	kind[program, n] = $5
	help[program, n] = $6
}
function sub_command(p) { return substr(p, 6) }
function commands(    i, s) {
	for (i = 1; i <= program_count; i++)
		if (programs[i] != "pacs")
			s = s sub_command(programs[i]) " "
	return s "help"
}
function words(k) { gsub(/\|/, " ", k); return k }
# For text between single quotes.
function quoted(s) { gsub(/\047/, "\047\\\047\047", s); return s }
