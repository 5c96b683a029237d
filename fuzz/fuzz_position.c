/* SPDX-License-Identifier: MIT */
/* fuzz_position.c: any bytes as the file of a position. The first byte says which slots get a
 * checksum that fits, so that more than the checksum is tried. Oracle: a slot is only taken if a
 * checksum of another make fits; what is taken is written again bit by bit; the newer one wins; and
 * a file is new only if its first slot is zeros. */
#include "fuzz.h"
#include "sink/slots.h"

static uint32_t checksum(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xFFFFFFFF;
    int bit;
    for (; n > 0; n--)
        for (crc ^= *p++, bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0);
    return ~crc;
}

static void put_checksum(uint8_t *slot)
{
    uint32_t crc = checksum(slot + 12, WW__SLOT_SIZE - 12);
    int i;
    for (i = 0; i < 4; i++)
        slot[8 + i] = (uint8_t)(crc >> (24 - 8 * i));
}

/* The sequence number of a slot that must be taken; 0: it must not. */
static uint64_t check_slot(const uint8_t *slot, size_t index)
{
    uint8_t fitting[WW__SLOT_SIZE], again[WW__SLOT_SIZE];
    uint64_t sequence = 0;
    ww__kept kept;
    if (!ww__slot_decode(slot, &kept, &sequence))
        return 0;
    memcpy(fitting, slot, sizeof fitting);
    put_checksum(fitting);
    REQUIRE_RULE(memcmp(fitting, slot, sizeof fitting) == 0, "a slot's checksum fits");
    ww__slot_encode(&kept, sequence, again);
    REQUIRE_RULE(memcmp(again, slot, sizeof again) == 0, "a slot is what is written for it");
    return (sequence & 1) == index ? sequence : 0;
}

static uint64_t newest_of(const uint8_t *bytes, size_t size)
{
    uint64_t first, second;
    if (size != WW__SLOTS_SIZE)
        return 0;
    first = check_slot(bytes, 0);
    second = check_slot(bytes + WW__SLOT_SIZE, 1);
    return first > second ? first : second;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[WW__SLOTS_SIZE + 16];
    uint64_t sequence = 1, expected;
    size_t i;
    ww__kept kept;
    ww_status st;
    if (size == 0 || size - 1 > sizeof bytes)
        return 0;
    size--;
    memcpy(bytes, data + 1, size);
    for (i = 0; i < 2; i++)
        if ((data[0] >> i & 1) != 0 && (i + 1) * WW__SLOT_SIZE <= size)
            put_checksum(bytes + i * WW__SLOT_SIZE);
    expected = newest_of(bytes, size);
    st = ww__slots_newest(bytes, size, &kept, &sequence);
    REQUIRE(st == WW_OK || st == WW_END || st == WW_ERR_GAP);
    REQUIRE(sequence == expected && (st == WW_OK) == (expected != 0));
    for (i = 0; i < size && i < WW__SLOT_SIZE; i++)
        REQUIRE_RULE(st != WW_END || bytes[i] == 0, "a new file's first slot is zeros");
    return 0;
}
