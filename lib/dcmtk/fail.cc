#include <cstdio>

#include "dcmtk/guard.h"

enum pacs_err
pacs::fail(struct pacs_error *err, enum pacs_err code, const char *what,
	   const char *why)
{
	if (err->code == PACS_OK) {
		err->code = code;
		err->sys_errno = 0;
		std::snprintf(err->msg, sizeof(err->msg), "%s%s%s", what,
			      why ? ": " : "", why ? why : "");
	}
	return err->code;
}
