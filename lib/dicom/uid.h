/*
 * UIDs (PS3.5 9) and the registries of SOP classes (PS3.4 B.5, PS3.6 A) and
 * transfer syntaxes (PS3.6 Table A-1), generated from lib/dicom/data.
 *
 * Knows which UIDs follow the rules and which can safely be file names; these
 * are two questions, since the field sends UIDs that break the rules.
 */
#ifndef PACS_DICOM_UID_H
#define PACS_DICOM_UID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACS_UID_MAX 64 /* bytes, PS3.5 9.1 */

/* Follows PS3.5 9.1: 1 to 64 bytes, digits and dots, no leading zero in a
 * component, no empty component. */
bool pacs_uid_is_valid(const char *uid);

/*
 * Can stand as a file or folder name anywhere: 1 to 128 bytes out of
 * [A-Za-z0-9._-], not starting with '.' or '-'. Rules of DICOM are not
 * asked; what fails this goes to quarantine.
 */
bool pacs_uid_is_safe(const char *uid);

/*
 * A UID value as received -> C string: cut at the first NUL, spaces at both
 * ends dropped. False if it does not fit ret[size].
 */
bool pacs_uid_clean(const void *value, size_t len, char *ret, size_t size);

/* A new random UID 2.25.<uuid as decimal> (PS3.5 B.2). buf: PACS_UID_MAX+1. A
 * kernel without random bytes ends the program: a UID must not repeat. */
void pacs_uid_random(char *buf);
/* The UID 2.25.<n> of 16 given bytes, of which version and variant bits of a
 * UUID are overwritten. For repeatable UIDs. */
void pacs_uid_from_bytes(const uint8_t bytes[16], char *buf);

struct pacs_sop_class {
	const char *uid, *name, *keyword;
	bool storage; /* an object of this class is stored, not a service */
	bool retired;
};
/* NULL if unknown (private classes are). Static. */
const struct pacs_sop_class *pacs_sop_class_find(const char *uid);
/* Number i of all that are known; NULL behind the last. Static. */
const struct pacs_sop_class *pacs_sop_class_at(size_t i);

enum pacs_vr_form { PACS_IMPLICIT, PACS_EXPLICIT };

struct pacs_syntax {
	const char *uid, *name, *keyword;
	enum pacs_vr_form form;
	bool big_endian;
	bool deflated;     /* the data set is one deflate stream */
	bool encapsulated; /* pixel data in fragments */
	bool lossless;     /* what it compresses comes back the same */
	bool retired;
};
/* NULL if unknown. Static. Unknown syntaxes are read as explicit little
 * endian, which PS3.5 demands of every encapsulated syntax. */
const struct pacs_syntax *pacs_syntax_find(const char *uid);

#define PACS_SYNTAX_IMPLICIT_LE "1.2.840.10008.1.2"
#define PACS_SYNTAX_EXPLICIT_LE "1.2.840.10008.1.2.1"
#define PACS_SYNTAX_EXPLICIT_BE "1.2.840.10008.1.2.2"
#define PACS_SYNTAX_DEFLATED_LE "1.2.840.10008.1.2.1.99"

/* The toolkit's Implementation Class UID and Version Name (PS3.7 D.3.3.2). */
#define PACS_IMPLEMENTATION_UID     "2.25.274811863291570263484712954710563084617"
#define PACS_IMPLEMENTATION_VERSION "PACS-TOOLS-1"

#endif
