/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/journal_own.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* One entry of the cell file `counters`: key 48, count 8, first and last time 8 each (ms), little-endian; 48 entries at most. */
#define ENTRY_SIZE 72
#define OTHER      "other"

static void put(uint8_t *at, uint64_t number)
{
	for (size_t i = 0; i < 8; i++)
		at[i] = (uint8_t)(number >> 8 * i);
}

static uint64_t get(const uint8_t *at)
{
	uint64_t number = 0;

	for (size_t i = 8; i-- > 0;)
		number = number << 8 | at[i];
	return number;
}

static void store(struct journal *j)
{
	uint8_t bytes[JOURNAL_COUNTERS * ENTRY_SIZE] = {0};
	char path[PATH_SIZE];
	struct err err, again;

	for (size_t i = 0; i < j->counter_count; i++) {
		const struct counter *c = &j->counters[i];
		memcpy(bytes + i * ENTRY_SIZE, c->key, strlen(c->key));
		put(bytes + i * ENTRY_SIZE + 48, c->count);
		put(bytes + i * ENTRY_SIZE + 56, (uint64_t)c->first_ms);
		put(bytes + i * ENTRY_SIZE + 64, (uint64_t)c->last_ms);
	}
	journal_path(j, "counters", path);
	if (cell_store(j->options.disk, path, &j->counter_cell, bytes, j->counter_count * ENTRY_SIZE, &err))
		return;
	/* It still counts in memory. */
	journal_note(j, &err);
	if (j->counter_cell.touched && journal_set_aside(j, "counters", &again))
		(void)cell_store(j->options.disk, path, &j->counter_cell, bytes, j->counter_count * ENTRY_SIZE, &again);
}

void counters_load(struct journal *j)
{
	char path[PATH_SIZE];
	struct err err;

	journal_path(j, "counters", path);
	if (!cell_load(j->options.disk, path, &j->counter_cell, &err))
		journal_note(j, &err);
	j->counter_count = j->counter_cell.size / ENTRY_SIZE;
	if (j->counter_count > JOURNAL_COUNTERS)
		j->counter_count = 0;
	for (size_t i = 0; i < j->counter_count; i++) {
		const uint8_t *at = j->counter_cell.payload + i * ENTRY_SIZE;
		text_printable(j->counters[i].key, sizeof j->counters[i].key, (const char *)at, strnlen((const char *)at, 47), 47);
		j->counters[i].count = get(at + 48);
		j->counters[i].first_ms = (int64_t)get(at + 56);
		j->counters[i].last_ms = (int64_t)get(at + 64);
	}
}

static struct counter *find(struct journal *j, const char *key)
{
	for (size_t i = 0; i < j->counter_count; i++)
		if (strcmp(j->counters[i].key, key) == 0)
			return &j->counters[i];
	return NULL;
}

static struct counter *find_or_add(struct journal *j, const char *key, int64_t at_ms)
{
	struct counter *counter = find(j, key);

	if (counter)
		return counter;
	if (j->counter_count == JOURNAL_COUNTERS - 1 && !find(j, OTHER))
		key = OTHER;
	else if (j->counter_count >= JOURNAL_COUNTERS - 1)
		return find(j, OTHER);
	counter = &j->counters[j->counter_count++];
	*counter = (struct counter){.first_ms = at_ms};
	(void)snprintf(counter->key, sizeof counter->key, "%s", key);
	return counter;
}

void journal_count(struct journal *j, const char *key, const struct record_stamp *stamp)
{
	char shown[48];

	text_printable(shown, sizeof shown, key, strlen(key), sizeof shown - 1);
	struct counter *counter = find_or_add(j, shown, stamp->at_ms);
	if (counter->count < UINT64_MAX)
		counter->count++;
	counter->last_ms = stamp->at_ms;
	store(j);
}

uint64_t journal_counted(const struct journal *j, const char *key)
{
	const struct counter *counter = find((struct journal *)j, key);

	return counter ? counter->count : 0;
}

static void print_key(struct buf *out, const char *key)
{
	for (; *key; key++)
		if (*key == '"' || *key == '\\')
			buf_printf(out, "\\%c", *key);
		else
			buf_append(out, key, 1);
}

/* The table's generation makes it once: after a crash between the record and the emptied table, counters_seen empties it. */
void counters_flush(struct journal *j, const struct record_stamp *stamp)
{
	AUTO(buf_fini) struct buf text = {0};
	struct err err;

	if (!j->counter_count || j->health != JOURNAL_OK || j->flushing)
		return;
	buf_init(&text, 16384);
	buf_printf(&text, "{\"table\":%llu,\"counted\":[", (unsigned long long)j->counter_cell.generation);
	for (size_t i = 0; i < j->counter_count; i++) {
		const struct counter *c = &j->counters[i];
		buf_add(&text, i ? ",{\"key\":\"" : "{\"key\":\"");
		print_key(&text, c->key);
		buf_printf(&text, "\",\"count\":%llu,\"first_ms\":%lld,\"last_ms\":%lld}", (unsigned long long)c->count,
		           (long long)c->first_ms, (long long)c->last_ms);
	}
	buf_add(&text, "]}");
	j->flushing = true;
	if (!text.failed && journal_append_one(j, RECORD_counters, buf_text(&text), stamp, &err)) {
		j->counter_count = 0;
		store(j);
	}
	j->flushing = false;
}

void counters_seen(struct journal *j, const struct record *record)
{
	char text[40];

	if (record->kind != RECORD_counters)
		return;
	int size = snprintf(text, sizeof text, "{\"table\":%llu,", (unsigned long long)j->counter_cell.generation);
	if (record->payload_size >= (size_t)size && memcmp(record->payload, text, (size_t)size) == 0)
		j->counter_count = 0;
}
