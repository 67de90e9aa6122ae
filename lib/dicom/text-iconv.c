/*
 * libc's iconv, one descriptor a set and direction, kept by each thread.
 *
 * The only state of this room that outlives a call. It is not shared between
 * threads, changes no result, and a thread that ends closes what it opened.
 */
#include <errno.h>
#include <iconv.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "dicom/charset.h"

struct converters {
	/* NULL: not opened yet. No descriptor: this system has no such one. */
	iconv_t to_utf8[PACS_CHARSET_CODECS_MAX];
	iconv_t from_utf8[PACS_CHARSET_CODECS_MAX];
};

static bool
is_open(iconv_t cd)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): so POSIX says it */
	return cd && cd != (iconv_t)-1;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static void
close_all(void *arg)
{
	struct converters *c = arg;
	size_t i;

	for (i = 0; i < PACS_CHARSET_CODECS_MAX; i++) {
		if (is_open(c->to_utf8[i]))
			iconv_close(c->to_utf8[i]);
		if (is_open(c->from_utf8[i]))
			iconv_close(c->from_utf8[i]);
	}
	free(c);
}

static void
make_key(void)
{
	/* Fails only when 1,024 keys are in use. */
	if (pthread_key_create(&key, close_all) != 0)
		abort();
}

static iconv_t
converter(const struct pacs_charset *cs, bool to_utf8)
{
	struct converters *c;
	iconv_t *all;

	pthread_once(&once, make_key);
	c = pthread_getspecific(key);
	if (!c) {
		c = pacs_calloc(1, sizeof(*c));
		if (pthread_setspecific(key, c) != 0)
			abort();
	}
	all = to_utf8 ? c->to_utf8 : c->from_utf8;
	if (!all[cs->codec])
		all[cs->codec] = to_utf8 ? iconv_open("UTF-8", cs->iconv_name)
					 : iconv_open(cs->iconv_name, "UTF-8");
	return all[cs->codec];
}

static void
replace(struct pacs_buf *out)
{
	pacs_utf8_put(out, 0xfffd);
}

bool
pacs_iconv_to_utf8(const struct pacs_charset *cs, const void *bytes, size_t len,
		   size_t unit, struct pacs_buf *out)
{
	iconv_t cd = converter(cs, true);
	char *in = (char *)bytes; /* iconv does not write there */
	size_t left = len;
	bool clean = true;

	while (left) {
		/* No set here makes more than 3 bytes of one. */
		char *to = pacs_buf_reserve(out, left * 3 + 16);
		size_t room = left * 3 + 16;
		size_t r = (size_t)-1;

		errno = EILSEQ;
		if (is_open(cd))
			r = iconv(cd, &in, &left, &to, &room);
		out->len = (size_t)(to - out->data);
		*to = '\0';
		if (r != (size_t)-1 || errno == E2BIG)
			continue;
		clean = false;
		replace(out);
		if (unit > left)
			unit = left;
		in += unit;
		left -= unit;
	}
	return clean;
}

size_t
pacs_iconv_from_utf8(const struct pacs_charset *cs, const char *utf8,
		     size_t len, unsigned char *buf)
{
	iconv_t cd = converter(cs, false);
	char *in = (char *)utf8;
	char *to = (char *)buf;
	size_t room = 8;

	if (!is_open(cd))
		return 0;
	/* Neither a substitute nor a silent omission (glibc drops language
	 * tags) counts as having the character. */
	if (iconv(cd, &in, &len, &to, &room) != 0)
		return 0;
	return 8 - room;
}
