/*
 * Encapsulated PDF (PS3.3 A.45.1): a letter of one page.
 */
#include <stdio.h>

#include "phantom/internal.h"

static const char *
sop_class(const struct pacs_ph_object *o)
{
	(void)o;
	return "1.2.840.10008.5.1.4.1.1.104.1";
}

/* What the page says, as a PDF content stream. ASCII: the built-in fonts have
 * no Japanese. */
static void
page_make(const struct pacs_ph_object *o, struct pacs_buf *b)
{
	const struct pacs_ph_study *s = o->study;

	pacs_buf_addf(b,
		      "BT /F1 18 Tf 72 770 Td (Radiology report) Tj\n"
		      "/F1 11 Tf 0 -36 Td (Patient ID: %s) Tj\n"
		      "0 -16 Td (Born: %s) Tj\n"
		      "0 -16 Td (Accession number: %s) Tj\n"
		      "0 -16 Td (Date of study: %s) Tj\n",
		      s->patient_id, s->birth_date, s->accession, s->date);
	pacs_buf_adds(b, "0 -32 Td (Dear colleague,) Tj\n"
			 "0 -16 Td (thank you for sending this phantom. It "
			 "was no trouble at all.) Tj\n"
			 "0 -16 Td (This page was made by pacs-phantom; there "
			 "is no such person.) Tj\nET\n");
}

/* A PDF of version 1.4 with a table of where its objects begin. */
static void
document_make(const struct pacs_ph_object *o, struct pacs_buf *b)
{
	static const char *const objects[] = {
	    "<< /Type /Catalog /Pages 2 0 R >>",
	    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
	    ("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842]\n"
	     "/Resources << /Font << /F1 4 0 R >> >> /Contents 5 0 R >>"),
	    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	};
	struct pacs_buf page = {0};
	size_t at[5], xref;

	page_make(o, &page);
	pacs_buf_adds(b, "%PDF-1.4\n");
	for (size_t i = 0; i < 4; i++) {
		at[i] = b->len;
		pacs_buf_addf(b, "%zu 0 obj\n%s\nendobj\n", i + 1, objects[i]);
	}
	at[4] = b->len;
	pacs_buf_addf(b, "5 0 obj\n<< /Length %zu >>\nstream\n", page.len);
	pacs_buf_add(b, page.data, page.len);
	pacs_buf_adds(b, "endstream\nendobj\n");
	xref = b->len;
	pacs_buf_adds(b, "xref\n0 6\n0000000000 65535 f \n");
	for (size_t i = 0; i < 5; i++)
		pacs_buf_addf(b, "%010zu 00000 n \n", at[i]);
	pacs_buf_addf(b,
		      "trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%zu\n"
		      "%%%%EOF\n",
		      xref);
	pacs_buf_clear(&page);
}

static void
describe(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	struct pacs_buf pdf = {0};

	document_make(o, &pdf);
	pacs_ph_text(p, PACS_TAG_SeriesDescription, "Letter");
	pacs_ph_text(p, PACS_TAG_ConversionType, "WSD");
	pacs_ph_put_instance(o, p);
	pacs_ph_text(p, PACS_TAG_AcquisitionDateTime, "");
	pacs_ph_text(p, PACS_TAG_BurnedInAnnotation, "YES");
	pacs_ph_text(p, PACS_TAG_DocumentTitle, "Radiology report");
	pacs_ph_code(p, PACS_TAG_ConceptNameCodeSequence, "18748-4", "LN",
		     "Diagnostic imaging report");
	pacs_ph_text(p, PACS_TAG_MIMETypeOfEncapsulatedDocument,
		     "application/pdf");
	pacs_ph_u32(p, PACS_TAG_EncapsulatedDocumentLength, (uint32_t)pdf.len);
	pacs_item_put_bytes(p->item, PACS_TAG_EncapsulatedDocument,
			    PACS_VR('O', 'B'), pdf.data, pdf.len);
	pacs_buf_clear(&pdf);
}

const struct pacs_ph_kind pacs_ph_pdf = {
    .name = "PDF",
    .modality = "DOC",
    .series_base = 501,
    .alone = true,
    .sop_class = sop_class,
    .describe = describe,
};
