# pacs.fish: each option twice, for pacs-find and for "pacs find".
function value(p, n,    k) {
	if (arg[p, n] == "")
		return ""
	k = kind[p, n]
	if (k == "dir")
		return " -x -a '(__fish_complete_directories)'"
	if (k == "file")
		return " -r -F"
	if (k == "field")
		return " -x -a '(__fish_complete_list , \"string split \\\" \\\" -- \\\"" fields[p] "\\\"\")'"
	if (k == "peer" || k == "none" || k == "")
		return " -x"
	return " -x -a '" words(k) "'"
}
function print_options(p, prefix,    n) {
	for (n = 1; n <= option_count[p]; n++)
		printf "%s%s -l %s%s -d '%s'\n", prefix,
			letter[p, n] != "" ? " -s " letter[p, n] : "", name[p, n],
			value(p, n), quoted_fish(help[p, n])
}
function quoted_fish(s) { gsub(/\\/, "\\\\", s); gsub(/\047/, "\\\047", s); return s }
END {
	print "# Completion for fish. Made by generate.sh; do not edit.\n"
	print "complete -c pacs -f -n __fish_use_subcommand -a '" commands() "'"
	print "complete -c pacs -f -n '__fish_seen_subcommand_from help' -a '" commands() "'"
	for (i = 1; i <= program_count; i++) {
		p = programs[i]
		print ""
		if (p == "pacs") {
			print_options(p, "complete -c pacs -n __fish_use_subcommand")
			continue
		}
		seen = "'__fish_seen_subcommand_from " sub_command(p) "'"
		if (verbs[p] != "") {
			printf "complete -c %s -f -n __fish_use_subcommand -a '%s'\n", p, verbs[p]
			printf "complete -c pacs -f -n %s -a '%s'\n", seen, verbs[p]
		}
		print_options(p, "complete -c " p)
		print_options(p, "complete -c pacs -n " seen)
	}
}
