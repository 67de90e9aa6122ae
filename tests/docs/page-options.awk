# The options of a manual page, from its `.It Fl` lines, as lines
#	letter TAB name TAB "arg" or ""
# like the first columns of --dump-options, so that the two can be compared.

/^\.It Fl / {
	letter = name = ""
	for (i = 2; i < NF; i++) {
		if ($i != "Fl")
			continue
		token = $(i + 1)
		sub(/^\\-/, "-", token)
		if (token ~ /^-/)
			name = substr(token, 2)
		else
			letter = token
	}
	printf "%s\t%s\t%s\n", letter, name, $0 ~ / Ar / ? "arg" : ""
}
