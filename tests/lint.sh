#!/usr/bin/env bash
# Style and static analysis; `make lint` calls this after builds with -Werror.
# CPPFLAGS come from the Makefile, without strings: those need no meaning here. Says what each step found; fails at the end.
# shellcheck disable=SC2317 # steps are called by step()
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
failed=0
jobs=$(nproc)
flags="$CPPFLAGS -DPACS_VERSION='\"\"' -DPACS_LIBEXECDIR='\"\"'"

step() {
	local name=$1
	shift
	if "$@"; then
		echo "lint: $name: fine"
	else
		echo "lint: $name: FAILED"
		failed=1
	fi
}

formatted() {
	git ls-files '*.c' '*.h' '*.cc' | xargs clang-format --dry-run -Werror
}

tidy() {
	git ls-files 'lib/*.c' 'cmd/*.c' | xargs -P "$jobs" -n 4 sh -c \
		"clang-tidy --quiet --warnings-as-errors='*' \"\$@\" -- -std=c11 $flags 2>/dev/null" sh
}

cpp_check() {
	# What is suppressed by file was looked at: a search key of which one
	# member is set, a caller that never passes NULL twice, digits that are
	# counted.
	cppcheck --quiet --enable=warning,portability --inline-suppr \
		--error-exitcode=1 --std=c11 --library=posix -j "$jobs" \
		--suppress=missingIncludeSystem --suppress=readdirCalled \
		--suppress=uninitvar:lib/fixity/copies.c \
		--suppress=nullPointerRedundantCheck:lib/dicom/compare.c \
		--suppress=uninitvar:lib/dicom/uid.c \
		-D_GNU_SOURCE -DPACS_VERSION='""' -DPACS_LIBEXECDIR='""' \
		-Ilib lib cmd
}

# Descriptors of iconv are kept for the thread and closed by close_all().
analyzer() {
	git ls-files 'lib/*.c' 'cmd/*.c' | xargs -P "$jobs" -n 1 sh -c "leak=
		case \$1 in lib/dicom/text-iconv.c) leak=-Wno-analyzer-malloc-leak ;; esac
		gcc -std=c11 $flags -O1 -fanalyzer \$leak -Werror -c -o /dev/null \"\$1\"" sh
}

scripts() {
	local failed=0
	git ls-files '*.sh' '*.bash' .ci/run | xargs shellcheck -x || failed=1
	# bats sets variables, and runs tests in subshells, of its own.
	git ls-files '*.bats' | xargs shellcheck -x \
		-S warning \
		-e SC2030,SC2031,SC2034,SC2120,SC2154,SC2164 || failed=1
	return "$failed"
}

pages() {
	mandoc -T lint -W warning man/*.[1-9]
}

spelling() {
	command -v codespell >/dev/null || return 0
	git ls-files | grep -vE '\.tsv$|^tests/(fuzz/corpus|data)|/data/' |
		xargs codespell -L ot,ans,te,nd,fo,ba,serie,tthe,thow,quarentine,nnumber,ndoes
}

step clang-format formatted
step clang-tidy tidy
step cppcheck cpp_check
step "gcc -fanalyzer" analyzer
step shellcheck scripts
step mandoc pages
step codespell spelling
exit "$failed"
