/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "platform/host.h"
#include "policy/fact.h"

/*
 * The products that are known on Linux, one row each: id (the subject is product:<id>) and the program file that its packages put
 * there. A row with readers is looked into; one without is `present, details not readable`: UNKNOWN, never a guess.
 */
struct antivirus_product {
	const char *id;
	const char *files[4];                                           /* the first that exists; NULL ends */
	bool has_patterns;                                              /* false: works without pattern files, their age does not apply */
	void (*running)(const struct host *host, struct facts *out);    /* adds the fact of antivirus_running; NULL: not readable */
	void (*signatures)(const struct host *host, struct facts *out); /* of antivirus_signatures */
};

extern const struct antivirus_product antivirus_products[];
extern const size_t antivirus_product_count;

/* The program file that is there, or NULL. */
const char *antivirus_installed(const struct host *host, const struct antivirus_product *product);

/* ClamAV's two readers, each in its control's file. */
void antivirus_running_clamav(const struct host *host, struct facts *out);
void antivirus_signatures_clamav(const struct host *host, struct facts *out);
