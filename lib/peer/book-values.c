#include "peer/book-values.h"

#include <stdio.h>
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
	snprintf(p->title, sizeof(p->title), "%s", s);
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
	snprintf(p->host, sizeof(p->host), "%s", s);
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

enum {
	TITLE,
	HOST,
	PORT,
	AETITLE,
	TLS,
	TLS_CA,
	TLS_CERT,
	TLS_KEY,
	TLS_NAME,
	CONNECT,
	NEGOTIATE,
	ANSWER,
	IDLE,
	RATE,
	JOBS,
	WINDOW,
	CHARSET,
	COMMIT_PORT,
	STATUS,
	KEYS
};
static const char *const keys[KEYS] = {
    [TITLE] = "title",
    [HOST] = "host",
    [PORT] = "port",
    [AETITLE] = "aetitle",
    [TLS] = "tls",
    [TLS_CA] = "tls-ca",
    [TLS_CERT] = "tls-cert",
    [TLS_KEY] = "tls-key",
    [TLS_NAME] = "tls-name",
    [CONNECT] = "connect-timeout",
    [NEGOTIATE] = "negotiate-timeout",
    [ANSWER] = "timeout",
    [IDLE] = "idle-timeout",
    [RATE] = "rate",
    [JOBS] = "jobs",
    [WINDOW] = "window",
    [CHARSET] = "charset",
    [COMMIT_PORT] = "commit-port",
    [STATUS] = "status",
};

/* Its value, by its own rules. False: it cannot be that. */
static bool
set_value(struct book_reader *r, size_t key, char *v)
{
	struct pacs_peer *p = r->p;

	switch (key) {
	case TITLE:
		return parse_title(v, p);
	case HOST:
		return parse_host(v, p);
	case PORT:
		return parse_small(v, 65535, &p->port);
	case AETITLE:
		return parse_aetitle(v, p);
	case TLS:
		return parse_yes(v, &p->use_tls);
	case TLS_CA:
		return (p->tls.ca = keep(p, v)) != NULL;
	case TLS_CERT:
		return (p->tls.cert = keep(p, v)) != NULL;
	case TLS_KEY:
		return (p->tls.key = keep(p, v)) != NULL;
	case TLS_NAME:
		p->tls.any_name = !strcmp(v, "*");
		return (p->tls.name = keep(p, v)) != NULL;
	case CONNECT:
		return parse_wait(v, &p->connect_ms);
	case NEGOTIATE:
		return parse_wait(v, &p->negotiate_ms);
	case ANSWER:
		return parse_wait(v, &p->answer_ms);
	case IDLE:
		return parse_wait(v, &p->idle_ms);
	case RATE:
		return parse_rate(v, &p->rate);
	case JOBS:
		return parse_small(v, JOBS_MAX, &p->jobs);
	case WINDOW:
		return parse_window(v, p);
	case CHARSET:
		return parse_charset(v, p);
	case COMMIT_PORT:
		return parse_small(v, 65535, &p->commit_port);
	default:
		return parse_rule(r, v);
	}
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
	if ((r->seen & bit) && i != STATUS)
		return BOOK_TWICE;
	r->seen |= bit;
	return *v && set_value(r, i, v) ? BOOK_SET : BOOK_BAD_VALUE;
}
