#include "peer/book-values.h"

#include <stdlib.h>
#include <string.h>

#include "dicom/text.h"
#include "peer/status.h"
#include "peer/window.h"

enum { JOBS_MAX = 64, TIMEOUT_MAX_S = 86400 };

char *
book_trim(char *s)
{
	size_t n;

	s += strspn(s, " \t");
	n = strlen(s);
	while (n && strchr(" \t\r", s[n - 1]))
		s[--n] = '\0';
	return s;
}

static bool
parse_number(const char *s, uint64_t max, uint64_t *ret)
{
	size_t n = strspn(s, "0123456789");

	if (!n || n > 18 || s[n])
		return false;
	*ret = strtoull(s, NULL, 10);
	return *ret <= max;
}

/* "10", "10s", "2m" -> ms. */
static bool
parse_wait(const char *s, unsigned *ret)
{
	size_t n = strspn(s, "0123456789");
	unsigned long v, unit = 1;

	if (!n || n > 5)
		return false;
	if (s[n] == 'm')
		unit = 60;
	else if (s[n] && s[n] != 's')
		return false;
	if (s[n] && s[n + 1])
		return false;
	v = strtoul(s, NULL, 10) * unit;
	*ret = (unsigned)(v * 1000);
	return v >= 1 && v <= TIMEOUT_MAX_S;
}

/* "20M" -> bytes. */
static bool
parse_rate(const char *s, uint64_t *ret)
{
	size_t n = strspn(s, "0123456789");
	const char *units = "KMG", *u;
	uint64_t v;

	if (!n || n > 12)
		return false;
	v = strtoull(s, NULL, 10);
	if (s[n]) {
		u = strchr(units, s[n]);
		if (!u || s[n + 1])
			return false;
		v <<= 10 * (u - units + 1);
	}
	*ret = v;
	return v > 0;
}

static bool
parse_yes(const char *s, bool *ret)
{
	*ret = !strcmp(s, "yes");
	return *ret || !strcmp(s, "no");
}

static bool
parse_code(const char *s, size_t len, uint16_t *ret)
{
	char text[5] = "";

	if (len != 4 || strspn(s, "0123456789abcdefABCDEF") < 4)
		return false;
	memcpy(text, s, 4);
	*ret = (uint16_t)strtoul(text, NULL, 16);
	return true;
}

/* "B006 warned", "A700-A7FF refused" */
static bool
parse_rule(struct book_reader *r, const char *s)
{
	struct pacs_status_rule *rule = &r->rules[r->rules_n];
	enum pacs_verdict verdict;
	size_t n = strcspn(s, " \t-");

	if (r->rules_n == RULES_MAX || !parse_code(s, n, &rule->first))
		return false;
	rule->last = rule->first;
	s += n;
	if (*s == '-') {
		n = strcspn(++s, " \t");
		if (!parse_code(s, n, &rule->last) || rule->last < rule->first)
			return false;
		s += n;
	}
	if (!*s || !pacs_verdict_parse(s + strspn(s, " \t"), &verdict))
		return false;
	rule->verdict = (int)verdict;
	r->rules_n++;
	return true;
}

static bool
parse_title(const char *s, struct pacs_peer *p)
{
	if (!pacs_aet_is_valid(s, strlen(s)))
		return false;
	strcpy(p->title, s);
	return true;
}

static bool
parse_aetitle(const char *s, struct pacs_peer *p)
{
	if (!pacs_aet_is_valid(s, strlen(s)))
		return false;
	p->aetitle = pacs_arena_strdup(&p->arena, s);
	return true;
}

static bool
parse_host(const char *s, struct pacs_peer *p)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:";

	if (strlen(s) > PACS_HOST_MAX || s[strspn(s, set)])
		return false;
	strcpy(p->host, s);
	return true;
}

static bool
parse_small(const char *s, uint64_t max, unsigned *ret)
{
	uint64_t v;

	if (!parse_number(s, max, &v) || !v)
		return false;
	*ret = (unsigned)v;
	return true;
}

static bool
parse_window(const char *s, struct pacs_peer *p)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_window w;

	if (pacs_window_parse(&err, s, &w))
		return false;
	p->window = pacs_arena_strdup(&p->arena, s);
	return true;
}

/* "ISO_IR 100, ISO_IR 192" */
static bool
parse_charset(char *s, struct pacs_peer *p)
{
	uint64_t bit, all = 0;
	char *end;

	for (; s; s = end) {
		end = strchr(s, ',');
		if (end)
			*end++ = '\0';
		bit = pacs_charset_bit(book_trim(s));
		if (!bit)
			return false;
		all |= bit;
	}
	p->charsets = all;
	return true;
}

static const char *
keep(struct pacs_peer *p, const char *s)
{
	return pacs_arena_strdup(&p->arena, s);
}

static const char *const keys[] = {"title",
				   "host",
				   "port",
				   "aetitle",
				   "tls",
				   "tls-ca",
				   "tls-cert",
				   "tls-key",
				   "tls-name",
				   "rate",
				   "jobs",
				   "window",
				   "connect-timeout",
				   "negotiate-timeout",
				   "timeout",
				   "idle-timeout",
				   "charset",
				   "commit-port",
				   "status"};
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

/* Its value, by its own rules. False: it cannot be that. */
static bool
set_value(struct book_reader *r, const char *key, char *v)
{
	struct pacs_peer *p = r->p;

	if (!strcmp(key, "title"))
		return parse_title(v, p);
	if (!strcmp(key, "host"))
		return parse_host(v, p);
	if (!strcmp(key, "port"))
		return parse_small(v, 65535, &p->port);
	if (!strcmp(key, "aetitle"))
		return parse_aetitle(v, p);
	if (!strcmp(key, "tls"))
		return parse_yes(v, &p->use_tls);
	if (!strcmp(key, "tls-ca"))
		return (p->tls.ca = keep(p, v)) != NULL;
	if (!strcmp(key, "tls-cert"))
		return (p->tls.cert = keep(p, v)) != NULL;
	if (!strcmp(key, "tls-key"))
		return (p->tls.key = keep(p, v)) != NULL;
	if (!strcmp(key, "tls-name")) {
		p->tls.any_name = !strcmp(v, "*");
		return (p->tls.name = keep(p, v)) != NULL;
	}
	if (!strcmp(key, "connect-timeout"))
		return parse_wait(v, &p->connect_ms);
	if (!strcmp(key, "negotiate-timeout"))
		return parse_wait(v, &p->negotiate_ms);
	if (!strcmp(key, "timeout"))
		return parse_wait(v, &p->answer_ms);
	if (!strcmp(key, "idle-timeout"))
		return parse_wait(v, &p->idle_ms);
	if (!strcmp(key, "rate"))
		return parse_rate(v, &p->rate);
	if (!strcmp(key, "jobs"))
		return parse_small(v, JOBS_MAX, &p->jobs);
	if (!strcmp(key, "window"))
		return parse_window(v, p);
	if (!strcmp(key, "charset"))
		return parse_charset(v, p);
	if (!strcmp(key, "commit-port"))
		return parse_small(v, 65535, &p->commit_port);
	return parse_rule(r, v);
}

enum book_verdict
book_set(struct book_reader *r, const char *key, char *v)
{
	uint32_t bit;
	size_t i = 0;

	while (i < KEYS && strcmp(key, keys[i]) != 0)
		i++;
	if (i == KEYS)
		return BOOK_NO_KEY;
	bit = UINT32_C(1) << i;
	if ((r->seen & bit) && strcmp(key, "status") != 0)
		return BOOK_TWICE;
	r->seen |= bit;
	return *v && set_value(r, key, v) ? BOOK_SET : BOOK_BAD_VALUE;
}
