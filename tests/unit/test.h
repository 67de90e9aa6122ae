/*
 * TAP for unit tests: each test program has its own main, calls
 * TEST("a sentence with the expected behaviour") before a group of checks, and
 * ends with `return test_done();`, which prints the plan.
 *
 * A failed check prints where and what, and marks the group "not ok"; the
 * program goes on. A group without any check is a failure.
 */
#ifndef PACS_TEST_H
#define PACS_TEST_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static struct {
	const char *name;
	int number;
	int failed_groups;
	int checks;
	bool failed;
} test_state;

static inline void
test_end_group(void)
{
	if (!test_state.name)
		return;
	if (!test_state.checks) {
		printf("# no check was made\n");
		test_state.failed = true;
	}
	test_state.failed_groups += test_state.failed;
	printf("%sok %d - %s\n", test_state.failed ? "not " : "",
	       test_state.number, test_state.name);
	fflush(stdout);
	test_state.name = NULL;
}

static inline void
test_begin(const char *name)
{
	test_end_group();
	test_state.name = name;
	test_state.number++;
	test_state.checks = 0;
	test_state.failed = false;
}

/* A test that cannot run here, with the reason. */
static inline void
test_skip(const char *name, const char *why)
{
	test_end_group();
	printf("ok %d - %s # SKIP %s\n", ++test_state.number, name, why);
}

static inline bool
test_check(bool ok, const char *file, int line, const char *what)
{
	if (!test_state.name)
		test_begin("checks");
	test_state.checks++;
	if (!ok) {
		test_state.failed = true;
		printf("# %s:%d: %s\n", file, line, what);
	}
	return ok;
}

static inline bool
test_check_str(const char *got, const char *want, const char *file, int line,
	       const char *what)
{
	bool ok = got && want ? !strcmp(got, want) : got == want;

	if (!test_check(ok, file, line, what))
		printf("#   got  '%s'\n#   want '%s'\n", got ? got : "(null)",
		       want ? want : "(null)");
	return ok;
}

static inline bool
test_check_int(intmax_t got, intmax_t want, const char *file, int line,
	       const char *what)
{
	if (!test_check(got == want, file, line, what))
		printf("#   got  %" PRIdMAX "\n#   want %" PRIdMAX "\n", got,
		       want);
	return got == want;
}

static inline bool
test_check_mem(const void *got, size_t got_len, const void *want,
	       size_t want_len, const char *file, int line, const char *what)
{
	bool ok =
	    got_len == want_len && (!got_len || !memcmp(got, want, got_len));

	if (!test_check(ok, file, line, what))
		printf("#   got %zu bytes, want %zu bytes\n", got_len,
		       want_len);
	return ok;
}

static inline int
test_done(void)
{
	test_end_group();
	printf("1..%d\n", test_state.number);
	return test_state.failed_groups ? 1 : 0;
}

#define TEST(name)      test_begin(name)
#define SKIP(name, why) test_skip(name, why)
#define CHECK(cond)     test_check(!!(cond), __FILE__, __LINE__, #cond)
#define CHECK_STR(got, want) \
	test_check_str(got, want, __FILE__, __LINE__, #got " == " #want)
#define CHECK_INT(got, want)                                                  \
	test_check_int((intmax_t)(got), (intmax_t)(want), __FILE__, __LINE__, \
		       #got " == " #want)
#define CHECK_MEM(got, got_len, want, want_len)                          \
	test_check_mem(got, got_len, want, want_len, __FILE__, __LINE__, \
		       #got " == " #want)
/* CHECK_ERR(pacs_x(&err, ...), PACS_EFORMAT): the code and err.code agree. */
#define CHECK_ERR(call, want)                                                  \
	test_check_int((intmax_t)(call), (intmax_t)(want), __FILE__, __LINE__, \
		       #call " gives " #want)
#define CHECK_OK(call) CHECK_ERR(call, PACS_OK)

/* Entries of an array. */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#endif
