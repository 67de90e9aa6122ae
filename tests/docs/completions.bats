#!/usr/bin/env bats
# Completions say what the programs say, and work in their shells.

load ../helper/env

setup() {
	pacs_setup
}

# candidates WORD...: what bash would offer for the last word, one a line.
candidates() {
	bash --norc -c '
	source "$PACS_TOP/completions/pacs.bash"
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	_pacs_complete "$1"
	printf "%s\n" "${COMPREPLY[@]}"' - "$@" | sort >got
}

@test "the committed files are what generate.sh makes of the programs" {
	mkdir new
	"$PACS_TOP/completions/generate.sh" "$PACS_BUILD/bin" new
	local f
	for f in pacs.bash _pacs pacs.fish; do
		diff -u "$PACS_TOP/completions/$f" "new/$f" || {
			echo "run 'make completions'"
			return 1
		}
	done
}

@test "generate.sh fails when a program does, and replaces nothing" {
	mkdir bin out
	cp "$PACS_BUILD/bin/pacs" bin/
	printf '#!/bin/sh\nexit 1\n' >bin/pacs-broken
	chmod +x bin/pacs-broken
	run "$PACS_TOP/completions/generate.sh" bin out
	assert_failure
	run ls out
	assert_output ""
}

@test "no program has a letter or a long name twice" {
	local program
	for program in "$PACS_BUILD"/bin/pacs "$PACS_BUILD"/bin/pacs-*; do
		case $program in *.so) continue ;; esac
		"$program" --dump-options |
			awk -F'\t' '$1 != "verb" && $1 != "field" {
				if ($1 != "") print "-" $1
				print "--" $2
			}' | sort | uniq -d >twice
		same twice </dev/null
	done
}

@test "bash offers commands after pacs" {
	candidates pacs ''
	grep -qx find got
	grep -qx help got
	candidates pacs fin
	same got <<<find
	candidates pacs help ini
	same got <<<init
}

@test "bash offers options of a command, and of pacs COMMAND" {
	candidates pacs-find --for
	same got <<<--format=
	candidates pacs find --for
	same got <<<--format=
	candidates pacs-find --no-such
	same got <<<''
}

@test "bash offers words after an option that takes them" {
	candidates pacs-find --format = js
	same got <<<json
	candidates pacs find --format = ''
	same got <<-'EOT'
	csv
	json
	table
	tsv
	EOT
	candidates pacs-find -L st
	same got <<<study
}

@test "bash offers folders, files and fields where they belong" {
	mkdir folder
	touch file
	candidates pacs-find -a f
	same got <<<folder
	candidates pacs-find -f StudyDate,SeriesInstanceU
	same got <<<StudyDate,SeriesInstanceUID
}

@test "bash offers the verbs of a program that has them" {
	candidates pacs-index re
	same got <<<rebuild
	candidates pacs quarantine di
	same got <<-'EOT'
	diff
	discard
	EOT
}

@test "zsh takes the file, and it names every program" {
	need zsh
	zsh -n "$PACS_TOP/completions/_pacs"
	local program
	for program in "$PACS_BUILD"/bin/pacs "$PACS_BUILD"/bin/pacs-*; do
		case $program in *.so) continue ;; esac
		head -n 1 "$PACS_TOP/completions/_pacs" |
			grep -qw -- "${program##*/}"
	done
}

# specs WORD...: what zsh's _arguments is given for this command line.
specs() {
	PACS_WORDS="$*" zsh -f -c '
	_arguments() { print -rl -- "$@" }
	compadd() { print -rl -- "$@" }
	words=(${=PACS_WORDS})
	CURRENT=$#words
	service=$words[1]
	_pacs() { source $PACS_TOP/completions/_pacs }
	_pacs' >got
}

@test "zsh is told the options of a command, and of pacs COMMAND" {
	need zsh
	specs pacs-find --form
	grep -qxF -- '*--format=[form of the records]:FORM:(tsv json csv table)' got
	cp got long
	specs pacs find --form
	cmp got long
	grep -qF -- '-a+[' got
	grep -qF -- '--archive=[' got
	specs pacs fin
	grep -qE '^1:what to do:\(.*find.*help\)$' got
	specs pacs-quarantine li
	grep -qE '^1:what to do:\(list.*discard.*\)$' got
}

@test "fish takes the file, and completes options and words" {
	need fish
	fish --no-execute "$PACS_TOP/completions/pacs.fish"
	fish -N -c 'source $PACS_TOP/completions/pacs.fish
	complete -C "pacs-find --form"' >got
	grep -q '^--format' got
	fish -N -c 'source $PACS_TOP/completions/pacs.fish
	complete -C "pacs find --format js"' >got
	grep -q '^json' got
}
