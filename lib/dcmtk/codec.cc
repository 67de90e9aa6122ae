/*
 * Pixel codecs of DCMTK behind bridge.h.
 *
 * The codec classes are called directly, with parameters of their own for each
 * call, not through DCMTK's registry: nothing global is changed, and threads
 * need no lock. A codec finds its numbers in a data set; ours holds just those.
 */
#include "dcmtk/config/osconfig.h"

#include "dcmtk/dcmdata/dcdatset.h"
#include "dcmtk/dcmdata/dcdeftag.h"
#include "dcmtk/dcmdata/dcovlay.h"
#include "dcmtk/dcmdata/dcpixel.h"
#include "dcmtk/dcmdata/dcpixseq.h"
#include "dcmtk/dcmdata/dcpxitem.h"
#include "dcmtk/dcmdata/dcrleccd.h"
#include "dcmtk/dcmdata/dcrlecce.h"
#include "dcmtk/dcmdata/dcrlecp.h"
#include "dcmtk/dcmdata/dcrlerp.h"
#include "dcmtk/dcmdata/dcstack.h"
#include "dcmtk/dcmdata/dcuid.h"
#include "dcmtk/dcmdata/dcvrcs.h"
#include "dcmtk/dcmdata/dcvris.h"
#include "dcmtk/dcmdata/dcvrui.h"
#include "dcmtk/dcmdata/dcvrus.h"
#include "dcmtk/dcmjpeg/djcparam.h"
#include "dcmtk/dcmjpeg/djdecbas.h"
#include "dcmtk/dcmjpeg/djdecext.h"
#include "dcmtk/dcmjpeg/djdeclol.h"
#include "dcmtk/dcmjpeg/djdecpro.h"
#include "dcmtk/dcmjpeg/djdecsps.h"
#include "dcmtk/dcmjpeg/djdecsv1.h"
#include "dcmtk/dcmjpeg/djenclol.h"
#include "dcmtk/dcmjpeg/djencsv1.h"
#include "dcmtk/dcmjpeg/djrplol.h"
#include "dcmtk/dcmjpls/djcodecd.h"
#include "dcmtk/dcmjpls/djcodece.h"
#include "dcmtk/dcmjpls/djcparam.h"
#include "dcmtk/dcmjpls/djrparam.h"
#include "dcmtk/oflog/oflog.h"

#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>

#include "dcmtk/guard.h"

using pacs::fail;
using pacs::guard;

namespace
{

/* DCMTK logs warnings to stderr by default; a library has no say there. */
void
be_quiet()
{
	static std::once_flag once;

	std::call_once(once, [] { OFLog::configure(OFLogger::OFF_LOG_LEVEL); });
}

/* One codec with its parameters. representation is for encoders. */
struct codec {
	std::unique_ptr<DcmCodec> worker;
	std::unique_ptr<DcmCodecParameter> parameter;
	std::unique_ptr<DcmRepresentationParameter> representation;
};

/*
 * Colours stay as they are in lossless processes: what was compressed as
 * YBR_FULL comes back as YBR_FULL, since the way to RGB loses bits.
 */
std::unique_ptr<DcmCodecParameter>
jpeg_parameter(bool lossless)
{
	return std::make_unique<DJCodecParameter>(
	    ECC_lossyYCbCr,
	    lossless ? EDC_never : EDC_photometricInterpretation, EUC_never,
	    EPC_colorByPixel, OFTrue /* files with the old predictor 6 bug */);
}

std::unique_ptr<DcmCodecParameter>
jpegls_parameter()
{
	return std::make_unique<DJLSCodecParameter>(
	    EJLSUC_never, EJLSPC_colorByPixel, OFFalse, OFFalse);
}

template <class Decoder>
codec
jpeg_decoder(bool lossless)
{
	return {std::make_unique<Decoder>(), jpeg_parameter(lossless), nullptr};
}

template <class Encoder>
codec
jpeg_encoder()
{
	return {std::make_unique<Encoder>(), jpeg_parameter(true),
		std::make_unique<DJ_RPLossless>(1 /* predictor */, 0)};
}

bool
find_decoder(const std::string &uid, codec &ret)
{
	if (uid == UID_JPEGProcess1TransferSyntax)
		ret = jpeg_decoder<DJDecoderBaseline>(false);
	else if (uid == UID_JPEGProcess2_4TransferSyntax)
		ret = jpeg_decoder<DJDecoderExtended>(false);
	else if (uid == UID_JPEGProcess6_8TransferSyntax)
		ret = jpeg_decoder<DJDecoderSpectralSelection>(false);
	else if (uid == UID_JPEGProcess10_12TransferSyntax)
		ret = jpeg_decoder<DJDecoderProgressive>(false);
	else if (uid == UID_JPEGProcess14TransferSyntax)
		ret = jpeg_decoder<DJDecoderLossless>(true);
	else if (uid == UID_JPEGProcess14SV1TransferSyntax)
		ret = jpeg_decoder<DJDecoderP14SV1>(true);
	else if (uid == UID_JPEGLSLosslessTransferSyntax)
		ret = {std::make_unique<DJLSLosslessDecoder>(),
		       jpegls_parameter(), nullptr};
	else if (uid == UID_JPEGLSLossyTransferSyntax)
		ret = {std::make_unique<DJLSNearLosslessDecoder>(),
		       jpegls_parameter(), nullptr};
	else if (uid == UID_RLELosslessTransferSyntax)
		ret = {std::make_unique<DcmRLECodecDecoder>(),
		       std::make_unique<DcmRLECodecParameter>(), nullptr};
	else
		return false;
	return true;
}

bool
find_encoder(const std::string &uid, codec &ret)
{
	if (uid == UID_JPEGProcess14TransferSyntax)
		ret = jpeg_encoder<DJEncoderLossless>();
	else if (uid == UID_JPEGProcess14SV1TransferSyntax)
		ret = jpeg_encoder<DJEncoderP14SV1>();
	else if (uid == UID_JPEGLSLosslessTransferSyntax)
		ret = {
		    std::make_unique<DJLSLosslessEncoder>(),
		    std::make_unique<DJLSCodecParameter>(
			OFFalse /* raw: all bits as they are */, 0, 0, 0, 0, 0,
			OFTrue, EJLSUC_never),
		    std::make_unique<DJLSRepresentationParameter>(0, OFTrue)};
	else if (uid == UID_RLELosslessTransferSyntax)
		ret = {std::make_unique<DcmRLECodecEncoder>(),
		       std::make_unique<DcmRLECodecParameter>(),
		       std::make_unique<DcmRLERepresentationParameter>()};
	else
		return false;
	return true;
}

/* VRs are given, so that DCMTK need not load its dictionary. */
void
put_us(DcmItem &item, const DcmTagKey &key, Uint16 value)
{
	auto e = std::make_unique<DcmUnsignedShort>(DcmTag(key, DcmVR(EVR_US)));

	e->putUint16(value);
	if (item.insert(e.get(), OFTrue).good())
		e.release();
}

template <class Element>
void
put_string(DcmItem &item, const DcmTagKey &key, DcmEVR vr, const char *value)
{
	auto e = std::make_unique<Element>(DcmTag(key, DcmVR(vr)));

	e->putString(value);
	if (item.insert(e.get(), OFTrue).good())
		e.release();
}

void
image_to_item(const struct pacs_dcm_image &image, DcmItem &item)
{
	/* Asked for by codecs that treat a retired ultrasound class apart. */
	put_string<DcmUniqueIdentifier>(item, DCM_SOPClassUID, EVR_UI,
					UID_SecondaryCaptureImageStorage);
	put_us(item, DCM_SamplesPerPixel, image.samples);
	put_string<DcmCodeString>(item, DCM_PhotometricInterpretation, EVR_CS,
				  image.photometric);
	if (image.samples > 1)
		put_us(item, DCM_PlanarConfiguration, image.planar);
	put_string<DcmIntegerString>(item, DCM_NumberOfFrames, EVR_IS,
				     std::to_string(image.frames).c_str());
	put_us(item, DCM_Rows, image.rows);
	put_us(item, DCM_Columns, image.columns);
	put_us(item, DCM_BitsAllocated, image.bits_allocated);
	put_us(item, DCM_BitsStored, image.bits_stored);
	put_us(item, DCM_HighBit, image.high_bit);
	put_us(item, DCM_PixelRepresentation, image.is_signed);
}

void
image_from_item(DcmItem &item, struct pacs_dcm_image &image)
{
	OFString photometric;

	item.findAndGetUint16(DCM_SamplesPerPixel, image.samples);
	item.findAndGetUint16(DCM_PlanarConfiguration, image.planar);
	item.findAndGetUint16(DCM_BitsAllocated, image.bits_allocated);
	item.findAndGetUint16(DCM_BitsStored, image.bits_stored);
	item.findAndGetUint16(DCM_HighBit, image.high_bit);
	item.findAndGetUint16(DCM_PixelRepresentation, image.is_signed);
	if (item.findAndGetOFString(DCM_PhotometricInterpretation, photometric)
		.good() &&
	    photometric.length() < sizeof(image.photometric))
		std::strcpy(image.photometric, photometric.c_str());
}

void
add_fragment(DcmPixelSequence &sequence, const void *bytes, size_t length)
{
	auto item =
	    std::make_unique<DcmPixelItem>(DcmTag(DCM_Item, DcmVR(EVR_OB)));

	if (length)
		item->putUint8Array(static_cast<const Uint8 *>(bytes),
				    static_cast<unsigned long>(length));
	if (sequence.insert(item.get()).good())
		item.release();
}

/* A data set with the numbers and an empty Pixel Data, and the way to it. */
struct context {
	DcmDataset set;
	DcmPixelData *pixels; /* owned by set */
	DcmStack stack;

	explicit context(const struct pacs_dcm_image &image)
	{
		image_to_item(image, set);
		auto e = std::make_unique<DcmPixelData>(
		    DcmTag(DCM_PixelData, DcmVR(EVR_OW)));
		pixels = e.get();
		if (set.insert(pixels).good())
			e.release();
		else
			throw std::bad_alloc();
		stack.push(&set);
		stack.push(pixels);
	}
};

enum pacs_err
decode(struct pacs_error *err, const char *syntax, struct pacs_dcm_image &image,
       const void *const *fragments, const size_t *lengths, size_t count,
       pacs_dcm_output *output, void *ctx)
{
	codec c;
	if (!find_decoder(syntax, c))
		return fail(err, PACS_EUNSUPPORTED,
			    "no decoder for transfer syntax", syntax);
	context at(image);
	DcmPixelSequence sequence(DcmTag(DCM_PixelData, DcmVR(EVR_OB)));
	for (size_t i = 0; i < count; i++)
		add_fragment(sequence, fragments[i], lengths[i]);

	DcmPolymorphOBOW native(DcmTag(DCM_PixelData, DcmVR(EVR_OW)));
	OFBool remove_old = OFFalse;
	OFCondition done =
	    c.worker->decode(nullptr, &sequence, native, c.parameter.get(),
			     at.stack, remove_old);
	if (done.bad())
		return fail(err, PACS_EFORMAT, "cannot decompress",
			    done.text());
	Uint16 *words = nullptr;
	done = native.getUint16Array(words);
	if (done.bad() || !words)
		return fail(err, PACS_EFORMAT, "cannot decompress",
			    done.text());
	image_from_item(at.set, image);
	return output(err, ctx, words, native.getLengthField());
}

enum pacs_err
output_fragments(struct pacs_error *err, DcmPixelSequence &sequence,
		 pacs_dcm_output *output, void *ctx)
{
	for (unsigned long i = 0; i < sequence.card(); i++) {
		DcmPixelItem *item = nullptr;
		Uint8 *bytes = nullptr;

		if (sequence.getItem(item, i).bad() || !item)
			return fail(err, PACS_EINTERNAL,
				    "a fragment is missing");
		item->getUint8Array(bytes);
		enum pacs_err e = output(err, ctx, bytes ? bytes : nullptr,
					 bytes ? item->getLength() : 0);
		if (e)
			return e;
	}
	return PACS_OK;
}

/* The JPEG encoders look for the pixels in the data set, others take them as an
 * argument; so they are put there, once, and padded. */
Uint16 *
put_native(DcmPixelData &pixels, const void *native, size_t size)
{
	Uint16 *words = nullptr;
	size_t count = (size + 1) / 2;

	if (pixels.createUint16Array(static_cast<Uint32>(count), words).bad() ||
	    !words)
		throw std::bad_alloc();
	words[count - 1] = 0;
	std::memcpy(words, native, size);
	return words;
}

enum pacs_err
encode(struct pacs_error *err, const char *syntax, struct pacs_dcm_image &image,
       const void *native, size_t size, pacs_dcm_output *output, void *ctx)
{
	codec c;
	if (!find_encoder(syntax, c))
		return fail(err, PACS_EUNSUPPORTED,
			    "no encoder for transfer syntax", syntax);
	if (!size)
		return fail(err, PACS_EUNSUPPORTED, "no pixels to compress");
	context at(image);
	const Uint16 *words = put_native(*at.pixels, native, size);
	DcmPixelSequence *made = nullptr;
	OFBool remove_old = OFFalse;
	OFCondition done = c.worker->encode(
	    words, static_cast<Uint32>(size + size % 2), c.representation.get(),
	    made, c.parameter.get(), at.stack, remove_old);
	std::unique_ptr<DcmPixelSequence> sequence(made);
	if (done.bad() || !sequence)
		return fail(err, PACS_EUNSUPPORTED, "cannot compress",
			    done.text());
	image_from_item(at.set, image);
	return output_fragments(err, *sequence, output, ctx);
}

} // namespace

extern "C" int
pacs_dcm_bridge_version(void)
{
	return PACS_DCM_BRIDGE_VERSION;
}

extern "C" enum pacs_err
pacs_dcm_bridge_decode(struct pacs_error *err, const char *syntax,
		       struct pacs_dcm_image *image,
		       const void *const *fragments, const size_t *lengths,
		       size_t count, pacs_dcm_output *output, void *ctx)
{
	return guard(err, [&] {
		be_quiet();
		return decode(err, syntax, *image, fragments, lengths, count,
			      output, ctx);
	});
}

extern "C" enum pacs_err
pacs_dcm_bridge_encode(struct pacs_error *err, const char *syntax,
		       struct pacs_dcm_image *image, const void *native,
		       size_t size, pacs_dcm_output *output, void *ctx)
{
	return guard(err, [&] {
		be_quiet();
		return encode(err, syntax, *image, native, size, output, ctx);
	});
}
