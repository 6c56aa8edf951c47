/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "policy/fact.h"

#include <stdint.h>

/*
 * A medium that is plugged in, as the kernel's descriptors show it. Identity is vendor, product and serial; the digest is
 * over normalised descriptors, never over fields that change with the port's speed. One decision per medium.
 */
enum tristate { TRI_UNKNOWN, TRI_NO, TRI_YES };

struct medium {
	uint16_t vendor, product;
	const char *serial;      /* "" if it has none */
	const char *port;        /* "1-4.2": the subject's end when there is no serial */
	const char *name;        /* the device's own words, printable; "" if none */
	const char *interfaces;  /* every interface of every configuration: "08:06:50 03:01:01" */
	const char *digest;      /* SHA-256 of the normalised descriptors, hex */
	bool lifeline;           /* under /, /boot, the EFI partition or swap: can never be denied */
	bool shared_serial;      /* another attached medium bears the same vendor, product and serial */
	enum tristate encrypted; /* what inspecting found; TRI_UNKNOWN until inspected */
	enum tristate scanned;
};

/* "medium:<vid>:<pid>:<serial>"; without a serial, or while another attached medium bears the same, "medium:<vid>:<pid>:@<port>":
 * a subject names one medium only. */
void medium_subject(char *out, size_t out_size, const struct medium *medium);

json_t *medium_encode(const struct medium *medium);
/* A copy in `arena`; NULL with err on anything that is not a medium. */
const struct medium *medium_decode(struct arena *arena, const json_t *json, struct err *err);
