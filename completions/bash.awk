# pacs.bash: three tables and one function that reads them.
function options(p,    n, s) {
	for (n = 1; n <= option_count[p]; n++) {
		if (letter[p, n] != "")
			s = s "-" letter[p, n] " "
		s = s "--" name[p, n] (arg[p, n] != "" ? "=" : "") " "
	}
	sub(/ $/, "", s)
	return s
}
function print_kinds(p,    n, k) {
	for (n = 1; n <= option_count[p]; n++) {
		if (arg[p, n] == "")
			continue
		k = kind[p, n] == "field" ? "field " fields[p] : words(kind[p, n])
		if (letter[p, n] != "")
			printf "\t%s:-%s |", p, letter[p, n]
		else
			printf "\t"
		printf "%s%s:--%s) echo '%s' ;;\n",
			letter[p, n] != "" ? " " : "", p, name[p, n], k
	}
}
END {
	print "# Completion for bash. Made by generate.sh; do not edit."
	print "# shellcheck shell=bash disable=SC2207\n"
	print "_pacs_options() {\n\tcase $1 in"
	for (i = 1; i <= program_count; i++)
		printf "\t%s) echo '%s' ;;\n", programs[i], options(programs[i])
	print "\tesac\n}\n"
	print "# What follows an option: words, or dir, file, field, peer, none."
	print "_pacs_value() {\n\tcase $1:$2 in"
	for (i = 1; i <= program_count; i++)
		print_kinds(programs[i])
	print "\tesac\n}\n"
	print "_pacs_verbs() {\n\tcase $1 in"
	for (i = 1; i <= program_count; i++) {
		if (programs[i] == "pacs")
			printf "\tpacs) echo '%s' ;;\n", commands()
		else if (verbs[programs[i]] != "")
			printf "\t%s) echo '%s' ;;\n", programs[i], verbs[programs[i]]
	}
	print "\tesac\n}\n"
	# The engine, without its own first lines.
	while ((getline line < (here "/engine.bash")) > 0)
		if (n++ > 1)
			print line
	printf "complete -o default -F _pacs_complete"
	for (i = 1; i <= program_count; i++)
		printf " %s", programs[i]
	print ""
}
