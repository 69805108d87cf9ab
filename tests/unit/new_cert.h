/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * unit/new_cert.h: a certificate of any name and any dates, made on the spot. Private to tests.
 */
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdio.h>

#include "unit/unit.h"

struct new_cert {
	EVP_PKEY *key;
	X509 *x509;
};

/** new_cert_make() - signed by @ca, or by itself where that is NULL. For new_cert_finish(). */
static inline struct new_cert new_cert_make(
	const char *name, int64_t from_s, int64_t until_s, const struct new_cert *ca)
{
	struct new_cert c = { EVP_EC_gen("P-256"), X509_new() };
	X509_NAME *subject = X509_get_subject_name(c.x509);
	const struct new_cert *by = ca ? ca : &c;

	assert_non_null(c.key);
	assert_int_equal(X509_set_version(c.x509, 2), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(c.x509), 7), 1);
	assert_non_null(ASN1_TIME_set(X509_getm_notBefore(c.x509), from_s));
	assert_non_null(ASN1_TIME_set(X509_getm_notAfter(c.x509), until_s));
	assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
				 (const unsigned char *)name, -1, -1, 0),
		1);
	assert_int_equal(X509_set_issuer_name(c.x509, X509_get_subject_name(by->x509)), 1);
	assert_int_equal(X509_set_pubkey(c.x509, c.key), 1);
	if (!ca) {
		X509_EXTENSION *is_ca =
			X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
		assert_non_null(is_ca);
		assert_int_equal(X509_add_ext(c.x509, is_ca, -1), 1);
		X509_EXTENSION_free(is_ca);
	}
	assert_true(X509_sign(c.x509, by->key, EVP_sha256()) > 0);
	return c;
}

/** new_cert_write() - as PEM. @path, @key_path: NULL not wanted; @append: behind what is there */
static inline void new_cert_write(
	const struct new_cert *c, const char *path, const char *key_path, const char *how)
{
	FILE *f = path ? fopen(path, how) : NULL;

	if (path) {
		assert_non_null(f);
		assert_int_equal(PEM_write_X509(f, c->x509), 1);
		assert_int_equal(fclose(f), 0);
	}
	f = key_path ? fopen(key_path, "we") : NULL;
	if (key_path) {
		assert_non_null(f);
		assert_int_equal(PEM_write_PrivateKey(f, c->key, NULL, NULL, 0, NULL, NULL), 1);
		assert_int_equal(fclose(f), 0);
	}
}

static inline void new_cert_finish(struct new_cert *c)
{
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
}
