/*
 * Sections "[name]" with lines "key = value". One pass: every line is checked,
 * and those of the section that is looked for are kept.
 */
#include "peer/book.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "dicom/text.h"
#include "peer/status.h"
#include "peer/window.h"

enum { RULES_MAX = 32, JOBS_MAX = 64, TIMEOUT_MAX_S = 86400 };

struct reader {
	struct pacs_peer *p; /* of the section at hand, wanted or not */
	struct pacs_status_rule rules[RULES_MAX];
	size_t rules_n;
	bool no_trust_name;
};

/* --- values ------------------------------------------------------------ */

static char *
trim(char *s)
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
parse_rule(struct reader *r, const char *s)
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
		bit = pacs_charset_bit(trim(s));
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

/* False: the value is nothing that this key can be. *ret_known: is it a key? */
static bool
set(struct reader *r, const char *key, char *v, bool *ret_known)
{
	struct pacs_peer *p = r->p;

	*ret_known = true;
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
	if (!strcmp(key, "status"))
		return parse_rule(r, v);
	*ret_known = false;
	return false;
}

/* --- lines ------------------------------------------------------------- */

/* A section's end: is everything there that a peer needs? */
static enum pacs_err
check_section(struct pacs_error *err, struct reader *r, unsigned line)
{
	struct pacs_peer *p = r->p;

	if (!p->name)
		return PACS_OK;
	if (!*p->title || !*p->host || !p->port)
		return pacs_error_set(err, PACS_EUSAGE,
				      "line %u: [%s] lacks title, host or port",
				      line, p->name);
	if (!p->tls.cert != !p->tls.key)
		return pacs_error_set(err, PACS_EUSAGE,
				      "line %u: [%s]: tls-cert and tls-key go "
				      "together",
				      line, p->name);
	if (r->rules_n)
		p->rules = pacs_arena_dup(&p->arena, r->rules,
					  r->rules_n * sizeof(*r->rules));
	p->rule_count = r->rules_n;
	return PACS_OK;
}

static enum pacs_err
read_header(struct pacs_error *err, struct reader *r, char *s, unsigned line)
{
	size_t n = strlen(s);

	if (n < 3 || s[n - 1] != ']' || strpbrk(s, "@") || n > 66)
		return pacs_error_set(err, PACS_EUSAGE,
				      "line %u: a peer begins with '[name]', "
				      "without '@'",
				      line);
	s[n - 1] = '\0';
	pacs_peer_clear(r->p);
	pacs_peer_init(r->p);
	r->rules_n = 0;
	r->p->name = keep(r->p, trim(s + 1));
	return PACS_OK;
}

static enum pacs_err
read_pair(struct pacs_error *err, struct reader *r, char *s, unsigned line)
{
	char *eq = strchr(s, '=');
	char *key, *value;
	bool known;

	if (!eq || !r->p->name)
		return pacs_error_set(err, PACS_EUSAGE,
				      eq ? "line %u: it belongs to no peer"
					 : "line %u: 'key = value' is wanted",
				      line);
	*eq = '\0';
	key = trim(s);
	value = trim(eq + 1);
	if (*value && set(r, key, value, &known))
		return PACS_OK;
	if (!*value || known)
		return pacs_error_set(err, PACS_EUSAGE,
				      "line %u: '%s' cannot be that", line,
				      key);
	return pacs_error_set(err, PACS_EUSAGE,
			      "line %u: there is no key '%.40s'", line, key);
}

static enum pacs_err
read_line(struct pacs_error *err, struct reader *r, char *s, unsigned line)
{
	s = trim(s);
	if (!*s || *s == '#')
		return PACS_OK;
	return *s == '[' ? read_header(err, r, s, line)
			 : read_pair(err, r, s, line);
}

/* The section that ends here is the one: the first of that name. */
static void
take(struct reader *r, const char *name, struct pacs_peer *p, bool *found)
{
	if (*found || !r->p->name || strcmp(r->p->name, name) != 0)
		return;
	pacs_peer_clear(p);
	*p = *r->p;
	memset(r->p, 0, sizeof(*r->p));
	*found = true;
}

enum pacs_err
pacs_book_find(struct pacs_error *err, const char *text, size_t len,
	       const char *name, struct pacs_peer *p)
{
	struct pacs_peer at_hand;
	struct reader r = {.p = &at_hand};
	char *copy, *s, *end;
	unsigned line = 0;
	bool found = false;

	pacs_peer_init(&at_hand);
	if (memchr(text, '\0', len) || len > PACS_BOOK_MAX)
		return pacs_error_set(err, PACS_EUSAGE, "it is no text");
	copy = pacs_strndup(text, len);
	for (s = copy; s && !err->code; s = end) {
		end = strchr(s, '\n');
		if (end)
			*end++ = '\0';
		line++;
		if (*trim(s) == '[' && !check_section(err, &r, line))
			take(&r, name, p, &found);
		if (!err->code)
			(void)!read_line(err, &r, s, line);
	}
	if (!err->code && !check_section(err, &r, line))
		take(&r, name, p, &found);
	free(copy);
	pacs_peer_clear(&at_hand);
	if (!err->code && !found)
		return pacs_error_set(err, PACS_ENOTFOUND, "no peer '%s'",
				      name);
	return err->code;
}

enum pacs_err
pacs_peer_find(struct pacs_error *err, const char *text,
	       const char *const *books, size_t count, struct pacs_peer *p)
{
	size_t i;

	if (pacs_peer_is_written(text))
		return pacs_peer_parse(err, text, p);
	for (i = 0; i < count; i++) {
		struct pacs_error why = PACS_ERROR_INIT;
		struct pacs_buf b = {0};

		if (!pacs_file_slurp(&why, AT_FDCWD, books[i], PACS_BOOK_MAX,
				     &b))
			(void)!pacs_book_find(&why, pacs_buf_str(&b), b.len,
					      text, p);
		pacs_buf_clear(&b);
		if (!why.code)
			return PACS_OK;
		if (why.code != PACS_ENOTFOUND)
			return pacs_error_set(err, why.code, "%s: %s", books[i],
					      why.msg);
	}
	return pacs_error_set(err, PACS_ENOTFOUND,
			      "'%s' is no peer (AET@host:port) and in no "
			      "address book",
			      text);
}
