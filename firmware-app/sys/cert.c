/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/cert.h"

#include <errno.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "sys/file.h"

#define FILE_MAX_BYTES (1024 * 1024) /* a chain of some dozens; no file of keys is larger */
#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* *ret_bytes is the text's owner, for free() after the BIO. */
static int open_text(const char *path, char **ret_bytes, BIO **ret_bio)
{
	char *bytes;
	int64_t len = file_read(path, FILE_MAX_BYTES, &bytes);

	if (len < 0)
		return (int)len;
	BIO *bio = BIO_new_mem_buf(bytes, (int)len);
	if (!bio) {
		free(bytes);
		return -ENOMEM;
	}
	*ret_bytes = bytes;
	*ret_bio = bio;
	return 0;
}

static void close_text(char *bytes, BIO *bio)
{
	ERR_clear_error();
	BIO_free(bio);
	free(bytes);
}

/* A key with a pass phrase is none that a unit can use; without this the library would ask the terminal. */
static int no_phrase(char *buffer, int size, int writing, void *ctx)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

static int load(const char *path, X509 **ret_x509)
{
	char *bytes = NULL;
	BIO *bio = NULL;
	int err = open_text(path, &bytes, &bio);

	if (err)
		return err;
	X509 *x509 = PEM_read_bio_X509(bio, NULL, no_phrase, NULL);
	close_text(bytes, bio);
	if (!x509)
		return -EBADMSG;
	*ret_x509 = x509;
	return 0;
}

/* Counted from 1970, without a struct tm. Return: 0 or -EBADMSG. */
static int to_ms(const ASN1_TIME *time, int64_t *ret_ms)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;
	int fits = epoch && ASN1_TIME_diff(&days, &seconds, epoch, time);

	ASN1_TIME_free(epoch);
	if (!fits)
		return -EBADMSG;
	*ret_ms = days * DAY_MS + seconds * INT64_C(1000);
	return 0;
}

/* By hand: the library's own has colons and capitals, and all of it. */
static int to_print(const X509 *x509, char *ret_print)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	char *at = ret_print;

	if (!X509_digest(x509, EVP_sha256(), sum, &len) || len < CERT_PRINT_BYTES)
		return -EBADMSG;
	for (size_t i = 0; i < CERT_PRINT_BYTES; i++) {
		*at++ = digits[sum[i] >> 4];
		*at++ = digits[sum[i] & 15];
		if (i % 2)
			*at++ = ' ';
	}
	at[-1] = '\0';
	return 0;
}

int cert_of(struct x509_st *x509, struct cert *ret_cert)
{
	struct cert cert = { .name = "" };

	if (X509_NAME_get_text_by_NID(
		    X509_get_subject_name(x509), NID_commonName, cert.name, sizeof(cert.name)) < 0)
		cert.name[0] = '\0';
	int err = to_ms(X509_get0_notBefore(x509), &cert.from_ms);
	if (!err)
		err = to_ms(X509_get0_notAfter(x509), &cert.until_ms);
	if (!err)
		err = to_print(x509, cert.print);
	if (!err)
		*ret_cert = cert;
	return err;
}

int cert_read(const char *path, struct cert *ret_cert)
{
	X509 *x509;
	int err = load(path, &x509);

	if (err)
		return err;
	err = cert_of(x509, ret_cert);
	X509_free(x509);
	ERR_clear_error();
	return err;
}

int cert_signed_by(const char *path, const char *ca_path)
{
	X509 *x509;
	char *bytes = NULL;
	BIO *bio = NULL;
	int found = 0, any = 0;
	int err = load(path, &x509);

	if (err)
		return err;
	err = open_text(ca_path, &bytes, &bio);
	if (err) {
		X509_free(x509);
		return err;
	}
	for (X509 *ca; !found && (ca = PEM_read_bio_X509(bio, NULL, no_phrase, NULL)) != NULL;) {
		any = 1;
		found = X509_check_issued(ca, x509) == X509_V_OK &&
			X509_verify(x509, X509_get0_pubkey(ca)) == 1;
		X509_free(ca);
	}
	close_text(bytes, bio);
	X509_free(x509);
	return any ? found : -EBADMSG;
}

int cert_has_key(const char *path, const char *key_path)
{
	X509 *x509;
	char *bytes = NULL;
	BIO *bio = NULL;
	int err = load(path, &x509);

	if (err)
		return err;
	err = open_text(key_path, &bytes, &bio);
	if (err) {
		X509_free(x509);
		return err;
	}
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_phrase, NULL);
	int fits = key ? X509_check_private_key(x509, key) == 1 : -EBADMSG;
	EVP_PKEY_free(key);
	close_text(bytes, bio);
	X509_free(x509);
	return fits;
}
