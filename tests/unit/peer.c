/* Windows, statuses, contexts, comments: what no user can see directly. */
#include <stdlib.h>
#include <string.h>

#include "dcmtk/dimse.h"
#include "dicom/text.h"
#include "peer/book.h"
#include "peer/contexts.h"
#include "peer/status.h"
#include "peer/window.h"
#include "unit/test.h"

static bool
open_at(const char *text, int wday, int hour, int minute)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct tm tm = {.tm_wday = wday, .tm_hour = hour, .tm_min = minute};
	struct pacs_window w;

	return !pacs_window_parse(&err, text, &w) &&
	       pacs_window_is_open(&w, &tm);
}

static void
test_window(void)
{
	TEST("a window over midnight belongs to the day on which it begins");
	CHECK(open_at("Mon-Fri 20:00-06:00", 1, 20, 0));
	CHECK(!open_at("Mon-Fri 20:00-06:00", 1, 19, 59));
	CHECK(open_at("Mon-Fri 20:00-06:00", 6, 5, 59));
	CHECK(!open_at("Mon-Fri 20:00-06:00", 6, 6, 0));
	CHECK(!open_at("Mon-Fri 20:00-06:00", 1, 5, 0));
	CHECK(open_at("Sat Sun", 0, 0, 0));
	CHECK(!open_at("Sat Sun", 1, 0, 0));
	CHECK(open_at("Fri-Mon 10:00-11:00", 0, 10, 30));
	CHECK(open_at("Tue, 22:00-23:00", 5, 22, 30));
	TEST("what is no window is none");
	CHECK(!open_at("", 1, 1, 1));
	CHECK(!open_at("Mon,", 1, 1, 1));
	CHECK(!open_at("24:00-25:00", 1, 1, 1));
	CHECK(!open_at("Monday", 1, 1, 1));
	CHECK(!open_at("Mon 8-9", 1, 8, 30));
}

/* The peer a of a book with this line in it; false: the book is wrong. */
static bool
with_line(const char *line, struct pacs_peer *p)
{
	struct pacs_error err = PACS_ERROR_INIT;
	char *text = pacs_format("[a]\ntitle=A\nhost=h\nport=1\n%s\n", line);
	bool good;

	pacs_peer_init(p);
	good = !pacs_book_find(&err, text, strlen(text), "a", p);
	free(text);
	return good;
}

static bool
is_wrong(const char *line)
{
	struct pacs_peer p;
	bool good = with_line(line, &p);

	pacs_peer_clear(&p);
	return !good;
}

static void
test_charset(void)
{
	struct pacs_peer p;

	TEST("the character sets of a peer are defined terms");
	CHECK(with_line("", &p) && !p.charsets);
	pacs_peer_clear(&p);
	CHECK(with_line("charset=ISO_IR 100 ,\tISO_IR 192", &p));
	CHECK(p.charsets == (pacs_charset_bit("ISO_IR 100") |
			     pacs_charset_bit("ISO_IR 192")));
	pacs_peer_clear(&p);
	CHECK(with_line("charset=ISO_IR 6", &p) && p.charsets);
	pacs_peer_clear(&p);
	CHECK(is_wrong("charset="));
	CHECK(is_wrong("charset=,"));
	CHECK(is_wrong("charset=GBK,"));
	CHECK(is_wrong("charset=utf-8"));
	CHECK(is_wrong("charset=iso_ir 100"));
}

static void
test_twice(void)
{
	static const char other[] =
	    "[b]\ntitle=B\nhost=h\nport=1\n[c]\ntitle=C\nhost=h\nport=2";
	struct pacs_peer p;

	TEST("what stands twice in a book is wrong");
	CHECK(is_wrong("port=2"));
	CHECK(is_wrong("rate=1M\nrate=1M"));
	CHECK(is_wrong("[a]\ntitle=B\nhost=h\nport=1"));
	CHECK(with_line(other, &p) && p.port == 1);
	pacs_peer_clear(&p);
	CHECK(with_line("status=B006 sent\nstatus=B007 sent", &p));
	CHECK(p.rule_count == 2);
	pacs_peer_clear(&p);
}

static void
test_status(void)
{
	const struct pacs_status_rule rules[] = {
	    {0xb006, 0xb006, PACS_VERDICT_WARNED},
	    {0xc000, 0xc0ff, PACS_VERDICT_LATER},
	};
	struct pacs_peer p;

	pacs_peer_init(&p);
	TEST("statuses have the verdicts of PS3.4 B.2");
	CHECK(pacs_store_verdict(&p, 0) == PACS_VERDICT_SENT);
	CHECK(pacs_store_verdict(&p, 0xb000) == PACS_VERDICT_WARNED);
	CHECK(pacs_store_verdict(&p, 0xb006) == PACS_VERDICT_DROPPED);
	CHECK(pacs_store_verdict(&p, 0xa701) == PACS_VERDICT_LATER);
	CHECK(pacs_store_verdict(&p, 0xa900) == PACS_VERDICT_REFUSED);
	CHECK(pacs_store_verdict(&p, 0xcfff) == PACS_VERDICT_REFUSED);
	CHECK(pacs_store_verdict(&p, 0x0001) == PACS_VERDICT_WARNED);
	CHECK(pacs_store_verdict(&p, 0xff00) == PACS_VERDICT_REFUSED);
	CHECK(pacs_store_verdict(&p, 0x1234) == PACS_VERDICT_REFUSED);
	TEST("a peer's rules stand above them");
	p.rules = rules;
	p.rule_count = 2;
	CHECK(pacs_store_verdict(&p, 0xb006) == PACS_VERDICT_WARNED);
	CHECK(pacs_store_verdict(&p, 0xc0ff) == PACS_VERDICT_LATER);
	CHECK(pacs_store_verdict(&p, 0xc100) == PACS_VERDICT_REFUSED);
}

static void
accept_all(struct pacs_proposal *p, uint8_t result)
{
	size_t i;

	for (i = 0; i < p->count; i++) {
		p->contexts[i].result = result;
		strcpy(p->contexts[i].accepted, p->contexts[i].syntaxes[0]);
	}
}

static void
test_contexts(void)
{
	static struct pacs_proposal p;
	struct pacs_needs n = {0};
	const struct pacs_context *c;
	const char *reason;
	char class[PACS_UID_MAX + 1];
	size_t i, last = 0;

	TEST("a class in two syntaxes takes three contexts");
	pacs_needs_find(&n, "1.2", PACS_SYNTAX_EXPLICIT_LE);
	pacs_needs_find(&n, "1.2", "1.2.840.10008.1.2.4.70");
	CHECK(pacs_needs_find(&n, "1.2", PACS_SYNTAX_EXPLICIT_LE) == 0);
	pacs_proposal_make(&n, 0, NULL, &p);
	CHECK(p.count == 3);
	accept_all(&p, 0);
	CHECK(pacs_proposal_choose(&p, &n.list[1], true, &c, &reason) ==
	      PACS_SEND_AS_IS);
	CHECK(!strcmp(c->accepted, "1.2.840.10008.1.2.4.70"));

	TEST("what is refused in its own syntax goes in another, or not");
	accept_all(&p, 4);
	CHECK(pacs_proposal_choose(&p, &n.list[1], true, &c, &reason) ==
	      PACS_NOT_PACKED);
	CHECK(pacs_proposal_choose(&p, &n.list[1], false, &c, &reason) ==
	      PACS_NOT_TAKEN);
	CHECK(!strcmp(reason, "syntax-refused"));
	accept_all(&p, 3);
	CHECK(pacs_proposal_choose(&p, &n.list[1], true, &c, &reason) ==
	      PACS_NOT_TAKEN);
	CHECK(!strcmp(reason, "class-refused"));

	TEST(
	    "an association has 128 contexts at most, the first need's always");
	for (i = 0; i < 200; i++) {
		snprintf(class, sizeof(class), "1.2.3.%zu", i);
		last = pacs_needs_find(&n, class, PACS_SYNTAX_EXPLICIT_LE);
	}
	pacs_proposal_make(&n, last, "1.2.840.10008.1.20.1", &p);
	CHECK(p.count <= PACS_CONTEXTS_MAX && p.count > 120);
	CHECK(!strcmp(p.contexts[0].sop_class, "1.2.3.199"));
	CHECK(
	    !strcmp(p.contexts[p.count - 1].sop_class, "1.2.840.10008.1.20.1"));
	accept_all(&p, 0);
	CHECK(pacs_proposal_choose(&p, &n.list[150], true, &c, &reason) ==
	      PACS_NOT_PROPOSED);
	pacs_needs_clear(&n);
}

static void
test_command(void)
{
	struct pacs_command c = {.field = PACS_C_STORE_RSP,
				 .message = 9,
				 .status = 0xa700},
			    d;
	struct pacs_buf b = {0};

	TEST("a command set is read as it was written");
	strcpy(c.sop_instance, "1.2.3");
	pacs_command_encode(&c, &b);
	CHECK(b.len % 2 == 0);
	CHECK(pacs_command_decode(b.data, b.len, &d));
	CHECK(d.field == c.field && d.message == 9 && d.status == 0xa700);
	CHECK(!strcmp(d.sop_instance, "1.2.3") && !d.has_data);
	CHECK(!pacs_command_decode(b.data, b.len - 1, &d));
	pacs_buf_clear(&b);
	TEST("a comment is told by what it is about");
	CHECK(!strcmp(pacs_comment_class("Out of disk space"), "resources"));
	CHECK(!strcmp(pacs_comment_class("SMITH^JOHN"), "other"));
	CHECK(!strcmp(pacs_comment_class(""), ""));
}

int
main(void)
{
	test_window();
	test_charset();
	test_twice();
	test_status();
	test_contexts();
	test_command();
	return test_done();
}
