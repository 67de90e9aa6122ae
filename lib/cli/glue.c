#include <string.h>

#include "cli/internal.h"

bool
cli_next_operand(struct cli_operands *o, struct pacs_buf *item)
{
	for (;;) {
		if (o->in_list) {
			if (cli_next_item(item))
				return true;
			o->in_list = false;
		}
		if (!*o->next)
			return false;
		pacs_buf_reset(item);
		pacs_buf_adds(item, *o->next++);
		o->in_list = !strcmp(item->data, "-");
		if (!o->in_list)
			return true;
	}
}

bool
cli_on_stopped(void *ctx)
{
	(void)ctx;
	return cli_stopped() || cli_stdout_broken();
}

void
cli_on_ending(void *ctx)
{
	(void)ctx;
	cli_items_end();
}

void
cli_on_progress(void *ctx, uint64_t items, uint64_t bytes)
{
	(void)ctx;
	cli_progress_add(items, bytes);
}
