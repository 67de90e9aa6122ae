/*
 * The edge between C++ and C: errors that need no libpacs.a, and the one place
 * where exceptions end.
 */
#ifndef PACS_DCMTK_GUARD_H
#define PACS_DCMTK_GUARD_H

#include <exception>
#include <new>

#include "dcmtk/bridge.h"

namespace pacs
{

/* pacs_error_set for this shared object, which does not link libpacs.a. */
enum pacs_err fail(struct pacs_error *err, enum pacs_err code, const char *what,
		   const char *why = nullptr);

template <class Body>
enum pacs_err
guard(struct pacs_error *err, Body body) noexcept
{
	try {
		return body();
	} catch (const std::bad_alloc &) {
		return fail(err, PACS_ELIMIT, "no memory for this");
	} catch (const std::exception &e) {
		return fail(err, PACS_EINTERNAL, "DCMTK", e.what());
	} catch (...) {
		return fail(err, PACS_EINTERNAL, "DCMTK", "unknown exception");
	}
}

} // namespace pacs

#endif
