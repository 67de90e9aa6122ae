#include "peer/peer.h"

#include <stdlib.h>
#include <string.h>

void
pacs_peer_init(struct pacs_peer *p)
{
	memset(p, 0, sizeof(*p));
	p->connect_ms = 10000;
	p->negotiate_ms = 30000;
	p->answer_ms = 120000;
	p->idle_ms = 60000;
}

void
pacs_peer_clear(struct pacs_peer *p)
{
	pacs_arena_clear(&p->arena);
	memset(p, 0, sizeof(*p));
}

bool
pacs_aet_is_valid(const char *s, size_t len)
{
	bool visible = false;
	size_t i;

	if (!len || len > PACS_AET_MAX)
		return false;
	for (i = 0; i < len; i++) {
		if ((unsigned char)s[i] < ' ' || (unsigned char)s[i] > '~' ||
		    s[i] == '\\')
			return false;
		visible = visible || s[i] != ' ';
	}
	return visible;
}

bool
pacs_peer_is_written(const char *text)
{
	return strchr(text, '@') != NULL;
}

static bool
parse_port(const char *s, unsigned *ret)
{
	size_t n = strspn(s, "0123456789");
	unsigned long v;

	if (!n || n > 5 || s[n])
		return false;
	v = strtoul(s, NULL, 10);
	*ret = (unsigned)v;
	return v >= 1 && v <= 65535;
}

/* What host names and addresses are made of. */
static bool
host_is_plausible(const char *s, size_t len, bool bracketed)
{
	const char *set = bracketed ? "0123456789abcdefABCDEF:.%"
				    : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"
				      "OPQRSTUVWXYZ0123456789.-_";

	return len && len <= PACS_HOST_MAX && strspn(s, set) >= len;
}

/* "host:port" or "[::1]:104". */
static bool
parse_address(const char *s, struct pacs_peer *p)
{
	const char *end = strrchr(s, ':');
	bool bracketed = *s == '[';
	size_t len;

	if (!end || !parse_port(end + 1, &p->port))
		return false;
	len = (size_t)(end - s);
	if (bracketed) {
		if (len < 3 || end[-1] != ']')
			return false;
		s++;
		len -= 2;
	}
	if (!host_is_plausible(s, len, bracketed))
		return false;
	memcpy(p->host, s, len);
	p->host[len] = '\0';
	return true;
}

enum pacs_err
pacs_peer_parse(struct pacs_error *err, const char *text, struct pacs_peer *p)
{
	const char *at = strrchr(text, '@');

	if (!at)
		return pacs_error_set(err, PACS_EUSAGE,
				      "'%s' is no peer: AET@host:port", text);
	if (!pacs_aet_is_valid(text, (size_t)(at - text)))
		return pacs_error_set(
		    err, PACS_EUSAGE,
		    "'%s': a title has 1 to 16 characters, no "
		    "backslash",
		    text);
	if (!parse_address(at + 1, p))
		return pacs_error_set(err, PACS_EUSAGE,
				      "'%s' is no peer: AET@host:port", text);
	memcpy(p->title, text, (size_t)(at - text));
	p->title[at - text] = '\0';
	p->name = pacs_arena_strdup(&p->arena, text);
	return PACS_OK;
}

void
pacs_peer_options(const struct pacs_peer *p, const char *calling,
		  struct pacs_assoc_options *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->calling = calling;
	ret->called = p->title;
	ret->host = p->host;
	ret->port = p->port;
	ret->tls = p->use_tls ? &p->tls : NULL;
	ret->connect_ms = p->connect_ms;
	ret->negotiate_ms = p->negotiate_ms;
}
