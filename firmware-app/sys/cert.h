/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sys/cert.h: what stands in a certificate: whose it is, from when until when, who signed it (libcrypto).
 *
 * For doctor and metrics, which tell of its end before it comes. It verifies nothing for a connection: that is the
 * link's, each time it connects.
 */
#pragma once

#include <stdint.h>

#define CERT_NAME_MAX 65 /* bytes with the zero; X.520: a common name has 64 characters */

#define CERT_PRINT_BYTES 10 /* of a fingerprint; forging as many takes 2^80 tries */
#define CERT_PRINT_MAX (CERT_PRINT_BYTES / 2 * 5)

struct cert {
	char name[CERT_NAME_MAX]; /* common name of its subject; "" none */
	int64_t from_ms, until_ms; /* milliseconds since 1970 UTC: valid in between */
	/* the first bytes of its SHA-256 fingerprint, "0123 4567 89ab cdef 0123", as provision says them */
	char print[CERT_PRINT_MAX];
};

/** cert_read() - the first certificate of a PEM file. Return: 0, negative errno where it can't be read, -EBADMSG where it
 * holds none. */
int cert_read(const char *path, struct cert *ret_cert);

struct x509_st; /* OpenSSL's X509 */
/** cert_of() - the same of one that is at hand; inside sys only. Return: 0 or -EBADMSG. */
int cert_of(struct x509_st *x509, struct cert *ret_cert);

/** cert_signed_by() - whether one of a file's authorities signed it. @ca_path: PEM, one or several
 * Return: 1 or 0; as cert_read() where either can't be read. */
int cert_signed_by(const char *path, const char *ca_path);

/** cert_has_key() - whether the key is the certificate's. @key_path: PEM, without a pass phrase
 * Return: 1 or 0; as cert_read() where either can't be read. */
int cert_has_key(const char *path, const char *key_path);
