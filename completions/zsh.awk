# _pacs: one _arguments call for each program.
function escaped(s) {
	gsub(/\[/, "\\[", s)
	gsub(/\]/, "\\]", s)
	gsub(/:/, "\\:", s)
	return quoted(s)
}
function action(p, n,    k) {
	k = kind[p, n]
	if (k == "dir")
		return "_files -/"
	if (k == "file")
		return "_files"
	if (k == "field")
		return "_sequence compadd - " fields[p]
	if (k == "peer" || k == "none" || k == "")
		return " "
	return "(" words(k) ")"
}
# Flags may be many (-v -v), so no option excludes itself.
function print_option(p, n,    tail) {
	tail = "[" escaped(help[p, n]) "]"
	if (arg[p, n] != "")
		tail = tail ":" escaped(arg[p, n]) ":" action(p, n)
	printf " \\\n\t\t\t"
	if (letter[p, n] == "")
		printf "'*--%s%s%s'", name[p, n], arg[p, n] != "" ? "=" : "", tail
	else
		printf "'*'{-%s%s,--%s%s}'%s'", letter[p, n],
			arg[p, n] != "" ? "+" : "", name[p, n],
			arg[p, n] != "" ? "=" : "", tail
}
function print_program(p,    n) {
	printf "\t%s)\n\t\t_arguments -s -S", p
	for (n = 1; n <= option_count[p]; n++)
		print_option(p, n)
	if (verbs[p] != "")
		printf " \\\n\t\t\t'1:what to do:(%s)'", verbs[p]
	print " \\\n\t\t\t'*:operand:_files'\n\t\t;;"
}
END {
	printf "#compdef"
	for (i = 1; i <= program_count; i++)
		printf " %s", programs[i]
	print "\n# Completion for zsh. Made by generate.sh; do not edit.\n"
	print "local program=$service\n"
	print "# \"pacs find ...\" is completed as \"pacs-find ...\"."
	print "if [[ $service == pacs && CURRENT -gt 2 && $words[2] != -* ]]; then"
	print "\tif [[ $words[2] == help ]]; then"
	print "\t\t(( CURRENT > 3 )) || compadd " commands()
	print "\t\treturn"
	print "\tfi"
	print "\tprogram=pacs-$words[2]"
	print "\tshift words"
	print "\t(( CURRENT-- ))"
	print "fi\n"
	print "case $program in"
	for (i = 1; i <= program_count; i++) {
		if (programs[i] == "pacs")
			verbs["pacs"] = commands()
		print_program(programs[i])
	}
	print "esac"
}
