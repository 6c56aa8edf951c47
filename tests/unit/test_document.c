/* SPDX-License-Identifier: Apache-2.0 */
/* Signed documents: what the server's side signs the PC takes, and every single thing that is wrong is refused under its own name. */
#include "tests/unit/test.h"

#include "agent/document.h"
#include "base/attr.h"
#include "server/trust.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#define NOW 1795400000

static const char policy[] = "{\"policy\":\"t\"}";

/* One office: a root that the PC pins, its two keys, and some that are wrong in one point. */
static struct office {
	struct trust_pair root, other_root, policy, orders, foreign, authority, two_steps, curve, short_lived, own_arc;
	char pem[2048];
	struct document_trust trust;
} office;

static void make(struct trust_pair *pair, struct trust_kind kind, const struct trust_pair *issuer)
{
	struct err err;

	if (!kind.curve)
		kind.curve = "P-256";
	if (!kind.days)
		kind.days = 3650;
	if (!kind.from_utc)
		kind.from_utc = NOW;
	assert_true(trust_make(pair, &kind, issuer, &err));
}

static int open_office(void **state)
{
	(void)state;
	const char *signs = document_role_usage(DOCUMENT_ROLE_POLICY);

	make(&office.root, (struct trust_kind){.name = "epagent root"}, NULL);
	make(&office.other_root, (struct trust_kind){.name = "epagent root"}, NULL);
	make(&office.policy, (struct trust_kind){.name = "policy", .usage = signs}, &office.root);
	make(&office.orders, (struct trust_kind){.name = "orders", .usage = document_role_usage(DOCUMENT_ROLE_ORDERS)}, &office.root);
	make(&office.foreign, (struct trust_kind){.name = "policy", .usage = signs}, &office.other_root);
	make(&office.authority, (struct trust_kind){.name = "authority"}, &office.root);
	make(&office.two_steps, (struct trust_kind){.name = "policy", .usage = signs}, &office.authority);
	make(&office.curve, (struct trust_kind){.name = "policy", .usage = signs, .curve = "secp256k1"}, &office.root);
	make(&office.short_lived, (struct trust_kind){.name = "policy", .usage = signs, .days = 10}, &office.root);
	make(&office.own_arc, (struct trust_kind){.name = "policy", .usage = "clientAuth"}, &office.root);

	BIO *bio = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_X509(bio, office.root.certificate), 1);
	int size = BIO_read(bio, office.pem, sizeof office.pem - 1);
	BIO_free(bio);
	assert_true(size > 0);
	office.trust = (struct document_trust){.root_pem = office.pem, .root_pem_size = (size_t)size};
	assert_int_equal(X509_digest(office.root.certificate, EVP_sha256(), office.trust.pin, NULL), 1);
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	struct trust_pair *pairs[] = {&office.root,      &office.other_root, &office.policy, &office.orders,      &office.foreign,
	                              &office.authority, &office.two_steps,  &office.curve,  &office.short_lived, &office.own_arc};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		trust_pair_fini(pairs[i]);
	return 0;
}

static void sign(struct buf *out, const struct trust_pair *pair, struct trust_paper paper)
{
	struct err err = {ERR_NONE, ""};

	if (!paper.bytes) {
		paper.bytes = policy;
		paper.size = sizeof policy - 1;
	}
	paper.signed_at = NOW;
	buf_init(out, 8u << 20);
	if (!trust_sign_with(pair, &paper, out, &err))
		fail_msg("%s", err.text);
}

static enum document_fault verify(const struct buf *raw, struct document_want want)
{
	struct document document = {.raw = raw->data, .raw_size = raw->size};
	struct err err = {ERR_NONE, ""};

	bool fine = document_verify(&office.trust, &want, &document, &err);
	assert_int_equal(fine, document.fault == DOCUMENT_FINE);
	assert_int_equal(err.kind, fine ? ERR_NONE : document.fault == DOCUMENT_TOO_LONG ? ERR_LIMIT : ERR_INVALID);
	return document.fault;
}

static const struct document_want first_policy = {.type = DOCUMENT_POLICY};

static void takes_what_was_signed(void **state)
{
	(void)state;
	AUTO(buf_fini) struct buf raw;
	struct err err;

	sign(&raw, &office.policy, (struct trust_paper){.type = DOCUMENT_POLICY, .version = 7});
	struct document document = {.raw = raw.data, .raw_size = raw.size};
	assert_true(document_verify(&office.trust, &first_policy, &document, &err));
	assert_int_equal(document.type, DOCUMENT_POLICY);
	assert_int_equal(document.version, 7);
	assert_int_equal(document.signed_at, NOW);
	assert_int_equal(document.size, sizeof policy - 1);
	assert_memory_equal(document.bytes, policy, document.size);
	uint8_t digest[SHA256_SIZE];
	sha256(digest, &(struct sha256_piece){policy, sizeof policy - 1}, 1);
	assert_memory_equal(document.digest, digest, sizeof digest);
}

static void each_type_has_its_key(void **state)
{
	(void)state;
	static const struct {
		const struct trust_pair *pair;
		enum document_type type;
		enum document_fault fault;
	} cases[] = {
		{&office.orders, DOCUMENT_ORDERS, DOCUMENT_FINE},           {&office.orders, DOCUMENT_REGISTER, DOCUMENT_FINE},
		{&office.orders, DOCUMENT_POLICY, DOCUMENT_WRONG_USAGE},    {&office.policy, DOCUMENT_ORDERS, DOCUMENT_WRONG_USAGE},
		{&office.policy, DOCUMENT_REGISTER, DOCUMENT_WRONG_USAGE},  {&office.own_arc, DOCUMENT_POLICY, DOCUMENT_WRONG_USAGE},
		{&office.root, DOCUMENT_POLICY, DOCUMENT_WRONG_USAGE},      {&office.authority, DOCUMENT_POLICY, DOCUMENT_WRONG_USAGE},
		{&office.curve, DOCUMENT_POLICY, DOCUMENT_WRONG_USAGE},     {&office.foreign, DOCUMENT_POLICY, DOCUMENT_OTHER_ROOT},
		{&office.other_root, DOCUMENT_POLICY, DOCUMENT_OTHER_ROOT}, {&office.two_steps, DOCUMENT_POLICY, DOCUMENT_OTHER_ROOT},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf_fini) struct buf raw;
		sign(&raw, cases[i].pair, (struct trust_paper){.type = cases[i].type, .version = 1});
		assert_string_equal(document_fault_name(verify(&raw, (struct document_want){.type = cases[i].type})),
		                    document_fault_name(cases[i].fault));
	}
}

static void refuses_another_type(void **state)
{
	(void)state;
	AUTO(buf_fini) struct buf raw;

	sign(&raw, &office.orders, (struct trust_paper){.type = DOCUMENT_ORDERS, .version = 1});
	assert_int_equal(verify(&raw, (struct document_want){.type = DOCUMENT_REGISTER}), DOCUMENT_WRONG_TYPE);
	assert_int_equal(verify(&raw, first_policy), DOCUMENT_WRONG_TYPE);
}

static void versions_never_fall(void **state)
{
	(void)state;
	AUTO(buf_fini) struct buf raw, again;
	struct document_want want = {.type = DOCUMENT_POLICY, .held_version = 5};

	sign(&raw, &office.policy, (struct trust_paper){.type = DOCUMENT_POLICY, .version = 5});
	sha256(want.held_digest, &(struct sha256_piece){policy, sizeof policy - 1}, 1);
	assert_int_equal(verify(&raw, want), DOCUMENT_FINE);
	/* ECDSA never signs alike twice: the same bytes signed again are the same document. */
	sign(&again, &office.policy, (struct trust_paper){.type = DOCUMENT_POLICY, .version = 5});
	assert_memory_not_equal(raw.data, again.data, raw.size);
	assert_int_equal(verify(&again, want), DOCUMENT_FINE);
	want.held_digest[31] ^= 1;
	assert_int_equal(verify(&raw, want), DOCUMENT_CHANGED);
	want.held_version = 6;
	assert_int_equal(verify(&raw, want), DOCUMENT_OLDER);
	want.held_version = 4;
	assert_int_equal(verify(&raw, want), DOCUMENT_FINE);
}

static void no_byte_can_be_changed(void **state)
{
	(void)state;
	AUTO(buf_fini) struct buf raw;

	sign(&raw, &office.policy, (struct trust_paper){.type = DOCUMENT_POLICY, .version = 258});
	for (size_t i = 0; i < raw.size; i++)
		for (int bit = 0; bit < 8; bit++) {
			raw.data[i] = (char)(raw.data[i] ^ (1 << bit));
			if (verify(&raw, first_policy) == DOCUMENT_FINE)
				fail_msg("bit %d of byte %zu can be changed", bit, i);
			raw.data[i] = (char)(raw.data[i] ^ (1 << bit));
		}
	raw.data[raw.size - 2] ^= 1;
	assert_int_equal(verify(&raw, first_policy), DOCUMENT_BAD_SIGNATURE);
	raw.data[raw.size - 2] ^= 1;
	raw.data[23] ^= 1; /* the version is signed too */
	assert_int_equal(verify(&raw, first_policy), DOCUMENT_BAD_SIGNATURE);
}

static void no_end_can_be_moved(void **state)
{
	(void)state;
	AUTO(buf_fini) struct buf raw;

	sign(&raw, &office.policy, (struct trust_paper){.type = DOCUMENT_POLICY, .version = 1});
	size_t whole = raw.size;
	for (raw.size = 0; raw.size < whole; raw.size++)
		assert_int_equal(verify(&raw, first_policy), raw.size < 8 ? DOCUMENT_UNSIGNED : DOCUMENT_CUT);
	buf_append(&raw, "\n", 1);
	assert_int_equal(verify(&raw, first_policy), DOCUMENT_TRAILING);
}

static void plain_json_is_unsigned(void **state)
{
	(void)state;
	AUTO(buf_fini) struct buf raw;

	buf_init(&raw, 1000);
	buf_add(&raw, "{\"policy\":\"t\",\"version\":1,\"rules\":[]}");
	assert_int_equal(verify(&raw, first_policy), DOCUMENT_UNSIGNED);
}

static void sizes_are_limited_by_type(void **state)
{
	(void)state;
	static char big[(2u << 20) + 1];
	static const enum document_type types[] = {DOCUMENT_POLICY, DOCUMENT_REGISTER, DOCUMENT_ORDERS};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		for (size_t more = 0; more < 2; more++) {
			AUTO(buf_fini) struct buf raw;
			sign(&raw, types[i] == DOCUMENT_POLICY ? &office.policy : &office.orders,
			     (struct trust_paper){
				     .type = types[i], .version = 1, .bytes = big, .size = document_size_max(types[i]) + more});
			assert_int_equal(verify(&raw, (struct document_want){.type = types[i]}), more ? DOCUMENT_TOO_LONG : DOCUMENT_FINE);
		}
}

static void the_floor_decides_what_has_ended(void **state)
{
	(void)state;
	AUTO(buf_fini) struct buf raw;
	int64_t ends = NOW + 10 * 86400;

	sign(&raw, &office.short_lived, (struct trust_paper){.type = DOCUMENT_POLICY, .version = 1});
	assert_int_equal(verify(&raw, first_policy), DOCUMENT_FINE);
	office.trust.floor_utc = ends;
	assert_int_equal(verify(&raw, first_policy), DOCUMENT_FINE);
	office.trust.floor_utc = ends + 1;
	assert_int_equal(verify(&raw, first_policy), DOCUMENT_EXPIRED);
	office.trust.floor_utc = 0;
}

/* A clock that is wrong into the past or the future changes nothing: only a certificate that ended before this build does. */
static void the_build_is_the_lowest_floor(void **state)
{
	(void)state;
	AUTO(trust_pair_fini) struct trust_pair old = {NULL, NULL}, later = {NULL, NULL};
	AUTO(buf_fini) struct buf first, second;
	const char *signs = document_role_usage(DOCUMENT_ROLE_POLICY);

	make(&old, (struct trust_kind){.name = "policy", .usage = signs, .from_utc = DOCUMENT_BUILT_AT - 20 * 86400, .days = 19},
	     &office.root);
	make(&later, (struct trust_kind){.name = "policy", .usage = signs, .from_utc = NOW + 5000LL * 86400, .days = 1}, &office.root);
	sign(&first, &old, (struct trust_paper){.type = DOCUMENT_POLICY, .version = 1});
	sign(&second, &later, (struct trust_paper){.type = DOCUMENT_POLICY, .version = 1});
	assert_int_equal(verify(&first, first_policy), DOCUMENT_EXPIRED);
	assert_int_equal(verify(&second, first_policy), DOCUMENT_FINE);
}

static void the_root_is_the_pinned_one(void **state)
{
	(void)state;
	AUTO(buf_fini) struct buf raw;

	sign(&raw, &office.policy, (struct trust_paper){.type = DOCUMENT_POLICY, .version = 1});
	office.trust.pin[0] ^= 1;
	assert_int_equal(verify(&raw, first_policy), DOCUMENT_OTHER_ROOT);
	office.trust.pin[0] ^= 1;
	size_t size = office.trust.root_pem_size;
	office.trust.root_pem_size = size / 2;
	assert_int_equal(verify(&raw, first_policy), DOCUMENT_OTHER_ROOT);
	office.trust.root_pem_size = 0;
	assert_int_equal(verify(&raw, first_policy), DOCUMENT_OTHER_ROOT);
	office.trust.root_pem_size = size;
	assert_int_equal(verify(&raw, first_policy), DOCUMENT_FINE);
}

static void a_header_has_one_form(void **state)
{
	(void)state;
	static const struct {
		size_t at;
		char value;
	} cases[] = {{8, 0},  {8, 4},  {9, 1},   {15, 1}, {16, (char)0x80}, {24, (char)0x80},
	             {32, 1}, {36, 1}, {39, 81}, {39, 0}, {44, 1},          {47, 1}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf_fini) struct buf raw;
		sign(&raw, &office.policy, (struct trust_paper){.type = DOCUMENT_POLICY, .version = 1});
		raw.data[cases[i].at] = cases[i].value;
		assert_int_equal(verify(&raw, first_policy), DOCUMENT_MALFORMED);
	}
	AUTO(buf_fini) struct buf raw;
	sign(&raw, &office.policy, (struct trust_paper){.type = DOCUMENT_POLICY, .version = 1});
	raw.data[23] = 0;
	assert_int_equal(verify(&raw, first_policy), DOCUMENT_MALFORMED);
	raw.data[23] = 1;
	raw.data[SIGNED_HEADER_SIZE] = 0; /* the certificate's first byte: no DER any more */
	assert_int_equal(verify(&raw, first_policy), DOCUMENT_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_was_signed),
		cmocka_unit_test(each_type_has_its_key),
		cmocka_unit_test(refuses_another_type),
		cmocka_unit_test(versions_never_fall),
		cmocka_unit_test(no_byte_can_be_changed),
		cmocka_unit_test(no_end_can_be_moved),
		cmocka_unit_test(plain_json_is_unsigned),
		cmocka_unit_test(sizes_are_limited_by_type),
		cmocka_unit_test(the_floor_decides_what_has_ended),
		cmocka_unit_test(the_build_is_the_lowest_floor),
		cmocka_unit_test(the_root_is_the_pinned_one),
		cmocka_unit_test(a_header_has_one_form),
	};

	return cmocka_run_group_tests_name("document", tests, open_office, close_office);
}
