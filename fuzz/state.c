/* SPDX-License-Identifier: Apache-2.0 */
/* state.c - state files whose sizes and checksum are right, whatever else is wrong in them. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define HEADER 64
#define CHECKSUM_AT 40

static uint64_t get64(const uint8_t *data)
{
	uint64_t out = 0;

	for (int i = 7; i >= 0; i--)
		out = out << 8 | data[i];
	return out;
}

static void put(uint8_t *data, uint64_t value, int n)
{
	for (int i = 0; i < n; i++)
		data[i] = (uint8_t)(value >> (8 * i));
}

/* A session with something of everything that a state holds. */
static krait_session *session_with_all(void)
{
	static const krait_token tokens[] = { 't', 'h', 'e', 0xe2, 7, 7 };
	krait_session *session;

	if (krait_session_new(&session, fuzz_model()) != KRAIT_OK
		|| krait_session_set_float(session, KRAIT_SAMPLE_REPETITION_PENALTY, 1.25) != KRAIT_OK
		|| krait_session_set_int(session, KRAIT_SAMPLE_SEED, 99) != KRAIT_OK
		|| krait_session_set_int(session, KRAIT_MAX_NEW_TOKENS, 40) != KRAIT_OK
		|| krait_session_set_bias(session, 3, -1.5f) != KRAIT_OK || krait_session_add_stop(session,
			260) != KRAIT_OK
		|| krait_session_add_stop_text(session, "thee", 4) != KRAIT_OK || krait_session_set_note(session,
			"note", 4) != KRAIT_OK
		|| krait_session_feed(session, tokens, 6) != KRAIT_OK)
		fuzz_broken("the harness's own session: %s", krait_session_error(session));
	return session;
}

/* A sound state of this model; the same each time. */
static const struct fuzz_bytes *sound(void)
{
	static struct fuzz_bytes bytes;
	krait_session *session;
	krait_state *state;

	if (bytes.size)
		return &bytes;
	session = session_with_all();
	if (krait_session_snapshot(&state, session) != KRAIT_OK)
		fuzz_broken("no snapshot: %s", krait_session_error(session));
	bytes.data = malloc(krait_state_size(state));
	bytes.size = krait_state_size(state);
	if (!bytes.data || krait_state_write(state, bytes.data, bytes.size) != KRAIT_OK)
		fuzz_broken("a snapshot is not written: %s", krait_state_error(state));
	krait_state_free(state);
	krait_session_free(session);
	return &bytes;
}

/* Makes the frame right again: sizes, number of sections, fingerprint, checksum. */
static void repair(uint8_t *data, size_t n)
{
	const struct fuzz_bytes *base = sound();
	uint32_t n_sections = 0;
	size_t at = HEADER;
	XXH128_canonical_t sum;

	while (n - at >= 24) {
		uint64_t size = get64(data + at + 16);

		if (size > n - at - 24) {
			size = n - at - 24;
			put(data + at + 16, size, 8);
		}
		n_sections++;
		at += 24 + (size_t)size;
		at = (at + 7) / 8 * 8;
		if (at > n)
			break;
	}
	memcpy(data, base->data, 12);
	put(data + 12, n_sections, 4);
	put(data + 16, n, 8);
	memcpy(data + 24, base->data + 24, 16);
	memset(data + CHECKSUM_AT, 0, 16);
	put(data + 56, 0, 8);
	XXH128_canonicalFromHash(&sum, XXH3_128bits(data, n));
	memcpy(data + CHECKSUM_AT, sum.digest, 16);
}

/* The place of a section, taken by chance; its size with head and filling in *size. */
static size_t any_section(const uint8_t *data, size_t n, unsigned *seed, size_t *size)
{
	size_t at = HEADER, chosen = HEADER, seen = 0;

	*size = 0;
	while (n - at >= 24) {
		uint64_t payload = get64(data + at + 16);

		if (payload > n - at - 24)
			break;
		payload = (24 + payload + 7) / 8 * 8;
		if (payload > n - at)
			payload = n - at;
		if (fuzz_random(seed) % ++seen == 0) {
			chosen = at;
			*size = (size_t)payload;
		}
		at += (size_t)payload;
	}
	return chosen;
}

static void set_number(uint8_t *data, size_t n, unsigned *seed)
{
	static const uint64_t numbers[] = { 0, 1, 2, 3, 263, 264, 1048576, 1048577, 0x7fffffff, 0x80000000,
		0xffffffff, 0x100000000,
		0x3ff0000000000000, 0x7ff0000000000000, 0x7ff8000000000000, 0xbff0000000000000, 0x7fffffffffffffff,
			0x8000000000000000, UINT64_MAX };
	int bytes = fuzz_random(seed) % 2 ? 8 : 4;
	size_t at = HEADER + (size_t)bytes * (fuzz_random(seed) % ((n - HEADER) / (size_t)bytes));

	put(data + at, numbers[fuzz_random(seed) % (sizeof(numbers) / sizeof(numbers[0]))], bytes);
}

static size_t mutate(uint8_t *data, size_t n, size_t most, unsigned seed)
{
	const struct fuzz_bytes *base = sound();
	size_t at, size, keep;

	if (n < HEADER + 24) {
		if (base->size > most)
			return n;
		memcpy(data, base->data, base->size);
		n = base->size;
	}
	at = any_section(data, n, &seed, &size);
	switch (fuzz_random(&seed) % 6) {
	case 0:
		set_number(data, n, &seed);
		break;
	case 1:
		/* One section less. */
		memmove(data + at, data + at + size, n - at - size);
		n -= n - size >= HEADER ? size : 0;
		break;
	case 2:
		/* The same section twice. */
		if (n + size > most)
			break;
		memmove(data + at + size, data + at, n - at);
		n += size;
		break;
	case 3:
		/* A payload that is longer or shorter; the rest is moved to a multiple of 8. */
		keep = n - at - size;
		if (size >= 24) {
			struct fuzz_bytes rest = { NULL, 0, 0 };
			size_t payload = (size_t)get64(data + at + 16), changed;

			fuzz_add(&rest, data + at + size, keep);
			changed = LLVMFuzzerMutate(data + at + 24, payload,
				most - at - 24 > payload + 64 ? payload + 64 : payload);
			put(data + at + 16, changed, 8);
			size = (24 + changed + 7) / 8 * 8;
			if (at + size + keep <= most) {
				memset(data + at + 24 + changed, 0, size - 24 - changed);
				if (keep)
					memcpy(data + at + size, rest.data, keep);
				n = at + size + keep;
			}
			fuzz_free(&rest);
		}
		break;
	default:
		n = LLVMFuzzerMutate(data + HEADER, n - HEADER, most - HEADER) + HEADER;
		break;
	}
	if (n < HEADER)
		return n;
	/* Now and then the frame stays broken. */
	if (fuzz_random(&seed) % 16)
		repair(data, n);
	return n;
}

/* What is written once more is what was read. */
static void check_written(krait_state *state, const char *what)
{
	size_t n = krait_state_size(state);
	uint8_t *once = malloc(n + 1), *twice = malloc(n + 1);
	krait_state *again;

	if (krait_state_write(state, once, n) != KRAIT_OK)
		fuzz_broken("%s: a state that was read is not written: %s", what, krait_state_error(state));
	if (krait_state_read(&again, fuzz_model(), once, n) != KRAIT_OK)
		fuzz_broken("%s: what was written is not read: %s", what, krait_state_error(again));
	if (krait_state_size(again) != n || krait_state_write(again, twice, n) != KRAIT_OK || memcmp(once, twice,
		n) != 0)
		fuzz_broken("%s: what was read and written is other bytes", what);
	if (krait_state_position(again) != krait_state_position(state))
		fuzz_broken("%s: another position", what);
	krait_state_free(again);
	free(once);
	free(twice);
}

/* A session and its fork go the same way. */
static void go_on(krait_session *session)
{
	static const krait_token more[] = { 'h', 'e' };
	krait_session *fork;
	krait_status a, b;
	krait_token x, y;

	if (krait_session_fork(&fork, session) != KRAIT_OK)
		fuzz_broken("no fork: %s", krait_session_error(session));
	for (int i = 0; i < 6; i++) {
		a = krait_session_next(session, &x);
		b = krait_session_next(fork, &y);
		if (a != b || x != y || krait_session_piece_size(session) != krait_session_piece_size(fork)
			|| memcmp(krait_session_piece(session), krait_session_piece(fork),
				krait_session_piece_size(session)) != 0)
			fuzz_broken("a fork goes another way: %d %d, %d %d", a, b, x, y);
	}
	if (krait_session_position(session) != krait_session_position(fork))
		fuzz_broken("a fork is elsewhere");
	a = krait_session_feed(session, more, 2);
	b = krait_session_rewind(session, 1);
	if (a == KRAIT_OK && (b != KRAIT_OK || krait_session_position(session) != krait_session_position(fork) + 1))
		fuzz_broken("a rewind by what was fed just now: %s", krait_session_error(session));
	fuzz_check_text("krait_session_error", krait_session_error(session));
	krait_session_free(fork);
}

static void run(const uint8_t *data, size_t n)
{
	krait_state *state, *after;
	krait_session *session;
	krait_status status = krait_state_read(&state, fuzz_model(), data, n);

	if (status == KRAIT_OK) {
		check_written(state, "as it was read");
		if (krait_session_new(&session, fuzz_model()) != KRAIT_OK || krait_session_restore(session,
			state) != KRAIT_OK)
			fuzz_broken("a state that was read is not restored: %s", krait_session_error(session));
		if (krait_session_position(session) != krait_state_position(state))
			fuzz_broken("restored to another position");
		go_on(session);
		if (krait_session_snapshot(&after, session) == KRAIT_OK)
			check_written(after, "after some tokens");
		krait_state_free(after);
		krait_session_free(session);
	} else {
		fuzz_check_text("krait_state_error", krait_state_error(state));
		if (status == KRAIT_ERROR_MEMORY || status == KRAIT_ERROR_ARGUMENT)
			fuzz_broken("a state's answer is %d", status);
	}
	krait_state_free(state);
}

const struct fuzz_harness fuzz_state = { "state", run, mutate };

static void run_growing(const uint8_t *data, size_t n)
{
	fuzz_want_hybrid();
	run(data, n);
}

static size_t mutate_growing(uint8_t *data, size_t n, size_t most, unsigned seed)
{
	fuzz_want_hybrid();
	return mutate(data, n, most, seed);
}

const struct fuzz_harness fuzz_state_growing = { "state-growing", run_growing, mutate_growing };
