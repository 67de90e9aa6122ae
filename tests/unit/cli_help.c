#include <stdlib.h>

#include "unit/test.h"

#include "cli/internal.h"

static void
check_words(const char *list, size_t count, const char *first, const char *last)
{
	const char **words = cli_words(list, '|');
	size_t n = 0;

	while (words[n])
		n++;
	CHECK_INT(n, count);
	CHECK_STR(words[0], first);
	CHECK_STR(words[n - 1], last);
	free(words);
}

int
main(void)
{
	TEST("a list is split at its separator");
	check_words("tsv|json|csv", 3, "tsv", "csv");
	check_words("one", 1, "one", "one");
	TEST("empty words are kept, so that 'A,,B' can be refused");
	check_words("", 1, "", "");
	check_words("a||b", 3, "a", "b");
	check_words("a|", 2, "a", "");
	return test_done();
}
