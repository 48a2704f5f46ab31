/* SPDX-License-Identifier: Apache-2.0 */
/* bpe_load.c - reading "model" of a tokenizer.json. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/json_field.h"
#include "base/json_number.h"
#include "base/memory.h"
#include "text/bpe.h"

#include <string.h>

/* A field that may only be absent, null, or as good as absent. */
static krait_status refuse_text(const struct json_value *model, const char *key, const char *what, struct why *why)
{
	const char *text = NULL;
	krait_status status = krait__field_text(&text, model, key, what, why);

	if (status == KRAIT_OK && text && *text)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: model.%s is set: only byte-level BPE without it is known", what, key);
	return status;
}

static krait_status check_kind(const struct json_value *model, const char *what, struct why *why)
{
	const char *type = "BPE";
	struct quoted quoted;
	double dropout = 0;
	bool byte_fallback = false;
	krait_status status;

	if (!krait__json_is(model, JSON_VALUE_OBJECT))
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: field 'model' is missing or no object", what);
	if (krait__json_get(model, "type") && krait__json_is_null(krait__json_get(model, "type")))
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: field 'model.type' is null: it may be \"BPE\", or absent", what);
	status = krait__field_text(&type, model, "type", what, why);
	if (status == KRAIT_OK && strcmp(type, "BPE") != 0)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: model.type is %s: only BPE is known", what, krait__quote(&quoted, type, SIZE_MAX));
	if (status == KRAIT_OK)
		status = krait__field_double(&dropout, model, "dropout", what, why);
	if (status == KRAIT_OK && dropout != 0)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: model.dropout is %s: only 0 is known", what, SHOWN(dropout));
	if (status == KRAIT_OK)
		status = krait__field_bool(&byte_fallback, model, "byte_fallback", what, why);
	if (status == KRAIT_OK && byte_fallback)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED,
			"%s: model.byte_fallback is true, a SentencePiece kind of tokenizer: only byte-level BPE is known", what);
	if (status == KRAIT_OK)
		status = refuse_text(model, "continuing_subword_prefix", what, why);
	if (status == KRAIT_OK)
		status = refuse_text(model, "end_of_word_suffix", what, why);
	return status;
}

static krait_status load_bytes(struct bpe *bpe, const struct json_value *model, const char *what, struct why *why)
{
	const char *unknown = NULL;
	struct quoted quoted;
	krait_status status = krait__field_text(&unknown, model, "unk_token", what, why);
	unsigned n_missing = 0;

	bpe->any.unknown = NO_ID;
	for (unsigned byte = 0; byte < 256; byte++) {
		char c = (char)byte;

		bpe->any.ids[byte] = krait__vocab_find(&bpe->vocab, &c, 1, false);
		n_missing += bpe->any.ids[byte] == NO_ID;
	}
	if (n_missing == 256)
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: model.vocab has a piece for no single byte: it is no byte-level vocabulary", what);
	if (status != KRAIT_OK || !unknown || !n_missing)
		return status;
	bpe->any.unknown = krait__vocab_find(&bpe->vocab, unknown, strlen(unknown), false);
	if (bpe->any.unknown == NO_ID)
		bpe->any.unknown = krait__vocab_find(&bpe->vocab, unknown, strlen(unknown), true);
	if (bpe->any.unknown == NO_ID)
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: model.unk_token is %s, which the vocabulary does not have",
			what, krait__quote(&quoted, unknown, SIZE_MAX));
	return KRAIT_OK;
}

krait_status krait__bpe_load(struct bpe *out, const struct json_value *model, uint64_t seed, const char *what, struct why *why)
{
	krait_status status;

	memset(out, 0, sizeof(*out));
	status = check_kind(model, what, why);
	if (status == KRAIT_OK)
		status = krait__field_bool(&out->fuse_unknown, model, "fuse_unk", what, why);
	if (status == KRAIT_OK)
		status = krait__field_bool(&out->ignore_merges, model, "ignore_merges", what, why);
	if (status == KRAIT_OK)
		status = krait__vocab_load(&out->vocab, krait__json_get(model, "vocab"), seed, what, why);
	if (status == KRAIT_OK)
		status = load_bytes(out, model, what, why);
	if (status == KRAIT_OK)
		status = krait__merges_load(&out->merges, &out->vocab, krait__json_get(model, "merges"), seed, what, why);
	out->plain = out->any;
	if (status != KRAIT_OK)
		krait__bpe_free(out);
	return status;
}

bool krait__bpe_mark_special(struct bpe *bpe, const unsigned char *is_special, uint32_t n_ids, unsigned *lost)
{
	*lost = 0;
	bpe->special = krait__copy_bytes(is_special, bpe->vocab.n_ids);
	if (!bpe->special)
		return false;
	for (unsigned byte = 0; byte < 256; byte++)
		if (bpe->any.ids[byte] != NO_ID && is_special[bpe->any.ids[byte]]) {
			bpe->plain.ids[byte] = NO_ID;
			++*lost;
		}
	if (bpe->any.unknown != NO_ID && is_special[bpe->any.unknown])
		bpe->plain.unknown = NO_ID;
	krait__merges_mark(&bpe->merges, is_special, n_ids);
	return true;
}

void krait__bpe_free(struct bpe *bpe)
{
	krait__vocab_free(&bpe->vocab);
	krait__merges_free(&bpe->merges);
	krait__free(bpe->special);
	bpe->special = NULL;
}
