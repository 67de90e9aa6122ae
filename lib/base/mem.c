#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Out of memory is the one place where the library ends the program: every
 * size from input was checked before, so this is the machine's limit. */
static void
oom(void)
{
	static const char msg[] = "pacs: out of memory\n";

	if (write(2, msg, sizeof(msg) - 1) < 0)
		_exit(4);
	_exit(4);
}

void *
pacs_malloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		oom();
	return p;
}

void *
pacs_calloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		oom();
	return p;
}

void *
pacs_realloc(void *ptr, size_t size)
{
	void *p = realloc(ptr, size ? size : 1);

	if (!p)
		oom();
	return p;
}

char *
pacs_strndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = pacs_malloc(len + 1);

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *
pacs_strdup(const char *s)
{
	return pacs_strndup(s, strlen(s));
}

char *
pacs_format(const char *fmt, ...)
{
	char *p;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&p, fmt, ap) < 0)
		oom();
	va_end(ap);
	return p;
}

void
pacs_buf_clear(struct pacs_buf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
}

void
pacs_buf_reset(struct pacs_buf *b)
{
	b->len = 0;
	if (b->data)
		b->data[0] = '\0';
}

char *
pacs_buf_reserve(struct pacs_buf *b, size_t extra)
{
	size_t need;

	if (__builtin_add_overflow(b->len, extra, &need) ||
	    need >= SIZE_MAX / 2)
		oom();
	if (need + 1 > b->cap) {
		size_t cap = b->cap ? b->cap : 64;

		while (cap < need + 1)
			cap *= 2;
		b->data = pacs_realloc(b->data, cap);
		b->cap = cap;
		b->data[b->len] = '\0';
	}
	return b->data + b->len;
}

void
pacs_buf_add(struct pacs_buf *b, const void *bytes, size_t n)
{
	char *at = pacs_buf_reserve(b, n);

	if (n)
		memcpy(at, bytes, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void
pacs_buf_addc(struct pacs_buf *b, char c)
{
	pacs_buf_add(b, &c, 1);
}

void
pacs_buf_adds(struct pacs_buf *b, const char *s)
{
	pacs_buf_add(b, s, strlen(s));
}

void
pacs_buf_addf(struct pacs_buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		oom();
	pacs_buf_reserve(b, (size_t)n);
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

const char *
pacs_buf_str(const struct pacs_buf *b)
{
	return b->data ? b->data : "";
}

char *
pacs_buf_take(struct pacs_buf *b)
{
	char *p = b->data ? b->data : pacs_strdup("");

	b->data = NULL;
	b->len = b->cap = 0;
	return p;
}

struct pacs_arena_block {
	struct pacs_arena_block *next;
	size_t used, size;
	_Alignas(16) unsigned char bytes[];
};

#define ARENA_FIRST 8192u
#define ARENA_MAX   (1u << 20)

static struct pacs_arena_block *
add_block(struct pacs_arena *a, size_t size)
{
	size_t want = a->blocks ? a->blocks->size * 2 : ARENA_FIRST;
	struct pacs_arena_block *b;

	if (want > ARENA_MAX)
		want = ARENA_MAX;
	if (want < size)
		want = size;
	b = pacs_malloc(sizeof(*b) + want);
	b->size = want;
	b->used = 0;
	b->next = a->blocks;
	a->blocks = b;
	return b;
}

void *
pacs_arena_alloc(struct pacs_arena *a, size_t size)
{
	struct pacs_arena_block *b = a->blocks;
	void *p;

	if (size > SIZE_MAX / 4)
		oom();
	size = (size + 15) & ~(size_t)15;
	if (!b || b->size - b->used < size)
		b = add_block(a, size);
	p = b->bytes + b->used;
	b->used += size;
	a->total_bytes += size;
	return p;
}

void *
pacs_arena_zalloc(struct pacs_arena *a, size_t size)
{
	return memset(pacs_arena_alloc(a, size), 0, size);
}

void *
pacs_arena_dup(struct pacs_arena *a, const void *bytes, size_t n)
{
	void *p = pacs_arena_alloc(a, n);

	if (n)
		memcpy(p, bytes, n);
	return p;
}

char *
pacs_arena_strdup(struct pacs_arena *a, const char *s)
{
	return pacs_arena_dup(a, s, strlen(s) + 1);
}

void
pacs_arena_clear(struct pacs_arena *a)
{
	struct pacs_arena_block *b, *next;

	for (b = a->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	a->blocks = NULL;
	a->total_bytes = 0;
}

void
pacs_arena_reset(struct pacs_arena *a)
{
	struct pacs_arena_block *keep = a->blocks;

	if (!keep)
		return;
	a->blocks = keep->next;
	pacs_arena_clear(a);
	keep->next = NULL;
	keep->used = 0;
	a->blocks = keep;
}
