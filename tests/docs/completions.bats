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

@test "zsh completes options and words" {
	need zsh
	# A shell in a terminal of its own; what it completes is printed by a
	# hook in place of compadd.
	cat >ask.zsh <<-'EOT'
	zmodload zsh/zpty
	zpty -b z zsh -f -i
	zpty -w z "PS1=; fpath=($PACS_TOP/completions \$fpath); autoload -Uz compinit; compinit -u -D; zstyle ':completion:*' list-prompt ''; LISTMAX=0; echo re'ady'"
	zpty -r z line '*ready*'
	zpty -w -n z "$1"$'\t'
	zpty -r z line "*$2*" && print found
	zpty -d z
	EOT
	run timeout 20 zsh -f ask.zsh 'pacs-find --form' '--format='
	assert_output found
	run timeout 20 zsh -f ask.zsh 'pacs find --format=js' 'json'
	assert_output found
}

@test "fish takes the file, and completes options and words" {
	need fish
	fish --no-execute "$PACS_TOP/completions/pacs.fish"
	fish -N -c 'source $PACS_TOP/completions/pacs.fish
	complete -C "pacs-find --form"' >got
	grep -q '^--format' got
	fish -N -c 'source $PACS_TOP/completions/pacs.fish
	complete -C "pacs find --format js"' >got
	grep -qx 'json' got
}
