/* SPDX-License-Identifier: MIT */
/* slots.c: positions to bytes and back. */
#include "slots.h"

#include "base/crc.h"
#include "base/reader.h"
#include "base/writer.h"

#define NAME_SIZE 64u
#define CRC_AT 8u
#define CRC_END 12u
#define SEQUENCE_AT 496u
#define MARK_AT (WW__SLOT_SIZE - 1)

static const uint8_t magic[CRC_AT] = "walwire\1";

/* ---- one slot ------------------------------------------------------------------------------- */

static void put_zeros(ww__writer *w, size_t until)
{
    while (ww__written(w) < until)
        ww__put_u8(w, 0);
}

static void put_name(ww__writer *w, const char *name)
{
    size_t end = ww__written(w) + NAME_SIZE;
    ww__put(w, name, strnlen(name, NAME_SIZE - 1));
    put_zeros(w, end);
}

void ww__slot_encode(const ww__kept *kept, uint64_t sequence, uint8_t out[WW__SLOT_SIZE])
{
    ww__writer w = ww__writer_of(out, WW__SLOT_SIZE);
    ww__put(&w, magic, sizeof magic);
    ww__put_u32(&w, 0);
    ww__put_u32(&w, 0);
    ww__put_u64(&w, kept->position.end_lsn);
    ww__put_u64(&w, kept->offset);
    ww__put_u64(&w, kept->position.acked);
    ww__put_u64(&w, kept->position.system_id);
    ww__put_u32(&w, kept->position.timeline);
    ww__put_u32(&w, 0);
    ww__put_u64(&w, kept->device);
    ww__put_u64(&w, kept->inode);
    put_name(&w, kept->position.slot);
    put_name(&w, kept->position.database);
    put_zeros(&w, SEQUENCE_AT);
    ww__put_u64(&w, sequence);
    put_zeros(&w, MARK_AT);
    ww__put_u8(&w, '\n');
    ww__store32(out + CRC_AT, ww__crc32c(0, out + CRC_END, WW__SLOT_SIZE - CRC_END));
}

static void take_name(ww__reader *r, char out[NAME_SIZE])
{
    ww_slice field = ww__bytes(r, NAME_SIZE);
    memcpy(out, field.ptr, NAME_SIZE);
    out[NAME_SIZE - 1] = '\0';
}

/* Everything that a slot cannot hold is found by writing it again. */
static bool encodes_to(const ww__kept *kept, uint64_t sequence, const uint8_t bytes[WW__SLOT_SIZE])
{
    uint8_t again[WW__SLOT_SIZE];
    ww__slot_encode(kept, sequence, again);
    return memcmp(again, bytes, sizeof again) == 0;
}

bool ww__slot_decode(const uint8_t bytes[WW__SLOT_SIZE], ww__kept *kept, uint64_t *sequence)
{
    ww_slice all = {bytes, WW__SLOT_SIZE};
    ww__reader r = ww__reader_of(all);
    ww__bytes(&r, 16);
    kept->position.end_lsn = ww__u64(&r);
    kept->offset = ww__u64(&r);
    kept->position.acked = ww__u64(&r);
    kept->position.system_id = ww__u64(&r);
    kept->position.timeline = ww__u32(&r);
    ww__u32(&r);
    kept->device = ww__u64(&r);
    kept->inode = ww__u64(&r);
    take_name(&r, kept->position.slot);
    take_name(&r, kept->position.database);
    *sequence = ww__load64(bytes + SEQUENCE_AT);
    return encodes_to(kept, *sequence, bytes);
}

/* ---- both ----------------------------------------------------------------------------------- */

static bool all_zero(const uint8_t *bytes, size_t size)
{
    size_t i;
    for (i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

ww_status ww__slots_newest(const uint8_t *bytes, size_t size, ww__kept *kept, uint64_t *sequence)
{
    ww__kept one;
    uint64_t number = 0;
    ww_status found = WW_ERR_GAP;
    size_t i;
    *sequence = 0;
    if (size <= WW__SLOTS_SIZE && all_zero(bytes, size < WW__SLOT_SIZE ? size : WW__SLOT_SIZE) &&
        (size < WW__SLOTS_SIZE || bytes[WW__SLOTS_SIZE - 1] == 0))
        return WW_END;
    for (i = 0; i < 2 && size == WW__SLOTS_SIZE; i++)
        if (ww__slot_decode(bytes + i * WW__SLOT_SIZE, &one, &number) && (number & 1) == i &&
            number > *sequence) {
            found = WW_OK;
            *kept = one;
            *sequence = number;
        }
    return found;
}

bool ww__slots_resemble(const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    if (size > WW__SLOT_SIZE && all_zero(bytes, WW__SLOT_SIZE))
        at = WW__SLOT_SIZE; /* written once */
    return size >= at + sizeof magic && memcmp(bytes + at, magic, sizeof magic) == 0;
}
