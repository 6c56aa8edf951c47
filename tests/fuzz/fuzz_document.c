/* SPDX-License-Identifier: Apache-2.0 */
/* A document is refused, or it is exactly one that the office signed: the seeds' root key is gone, so nothing else can ever pass. */
#include "agent/document.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char root[] = "-----BEGIN CERTIFICATE-----\n"
			   "MIIBjzCCATWgAwIBAgIQaFXC8NR+uuGVebcMsBC5pzAKBggqhkjOPQQDAjAXMRUw\n"
			   "EwYDVQQDDAxlcGFnZW50IHJvb3QwHhcNMjYxMTIyMDAwMDAwWhcNNDYxMTIyMDAw\n"
			   "MDAwWjAXMRUwEwYDVQQDDAxlcGFnZW50IHJvb3QwWTATBgcqhkjOPQIBBggqhkjO\n"
			   "PQMBBwNCAARFEUim886FM3aBlkLS7FGXi6ZlOvoH+zOlMSFGTt0FdYBDlFv3qS8p\n"
			   "IZ18/NNtlur+0vK/oY789cJA3M5LPEF/o2MwYTAPBgNVHRMBAf8EBTADAQH/MA4G\n"
			   "A1UdDwEB/wQEAwIBBjAdBgNVHQ4EFgQUfDYgVKfRkKFnexzg3g7SPtiDDrIwHwYD\n"
			   "VR0jBBgwFoAUfDYgVKfRkKFnexzg3g7SPtiDDrIwCgYIKoZIzj0EAwIDSAAwRQIh\n"
			   "ANhEKP3bYxu0P0OC6Xjb7vTcjznsHy0DITQcBeBzMIVGAiB0lC8vIFn6edSm5Dqo\n"
			   "EwQ8Pq4iJ6BHJDWGmB8fBWAGfw==\n"
			   "-----END CERTIFICATE-----\n";

static const struct document_trust trust = {
	.root_pem = root,
	.root_pem_size = sizeof root - 1,
	.pin = {0x50, 0x50, 0x38, 0xce, 0x2c, 0xd9, 0x58, 0x59, 0xea, 0x86, 0x08, 0x82, 0xa5, 0xac, 0x9f, 0xd4,
                0xfb, 0xef, 0x03, 0x1b, 0x67, 0xe5, 0x5b, 0xd5, 0x21, 0x09, 0x75, 0x88, 0x48, 0xb3, 0xbd, 0xaa},
};

static bool look(const uint8_t *data, size_t size, struct document_want want)
{
	struct document document = {.raw = data, .raw_size = size};
	struct err err = {ERR_NONE, ""};
	bool fine = document_verify(&trust, &want, &document, &err);

	if (fine != (document.fault == DOCUMENT_FINE) || fine != (err.kind == ERR_NONE))
		abort();
	if (fine && (document.type != want.type || document.version < want.held_version || document.version < 1 ||
	             document.size > document_size_max(want.type) || document.bytes + document.size != (const char *)data + size))
		abort();
	return fine;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned taken = 0;

	for (enum document_type type = DOCUMENT_POLICY; type <= DOCUMENT_ORDERS; type++)
		if (look(data, size, (struct document_want){.type = type})) {
			taken++;
			if (look(data, size - 1, (struct document_want){.type = type}) ||
			    look(data, size, (struct document_want){.type = type, .held_version = INT64_MAX}))
				abort();
		}
	if (taken > 1)
		abort();
	return 0;
}
