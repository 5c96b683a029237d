/* SPDX-License-Identifier: MIT */
/* test_sink_slots.c: the bytes of a position: where each field lies, and that nothing but a whole
 * slot is ever taken for one. */
#include "check.h"
#include "sink/slots.h"

static uint8_t file[WW__SLOTS_SIZE + 100];

static ww__kept example(ww_lsn acked)
{
    ww__kept k;
    memset(&k, 0, sizeof k);
    k.position.end_lsn = 0x1122334455667788;
    k.position.acked = acked;
    k.position.system_id = 7512345678901234567u;
    k.position.timeline = 3;
    memcpy(k.position.slot, "s1", 3);
    memcpy(k.position.database, "shop", 5);
    k.offset = 0x0102030405060708;
    k.device = 66;
    k.inode = 77;
    return k;
}

/* Slots with these sequence numbers, each where it belongs; acked is the number, too. 0: none. */
static void put_slots(uint64_t first, uint64_t second)
{
    const uint64_t numbers[2] = {first, second};
    size_t i;
    memset(file, 0, sizeof file);
    for (i = 0; i < 2; i++) {
        ww__kept k = example(numbers[i]);
        if (numbers[i] != 0)
            ww__slot_encode(&k, numbers[i], file + (numbers[i] & 1) * WW__SLOT_SIZE);
    }
}

/* What is found in the file: a sequence number, 0 for nothing yet, or a status below 0. */
static int64_t found_in(size_t size)
{
    ww__kept k;
    uint64_t sequence = 99;
    ww_status st = ww__slots_newest(file, size, &k, &sequence);
    if (st == WW_OK)
        CHECK_EQ_U64(k.position.acked, sequence);
    else
        CHECK_EQ_U64(sequence, 0);
    return st == WW_OK ? (int64_t)sequence : st == WW_END ? 0 : st;
}

static void whole(void)
{
    put_slots(0, 0);
    CHECK(found_in(WW__SLOTS_SIZE) == 0);
    put_slots(1, 0);
    CHECK(found_in(WW__SLOTS_SIZE) == 1);
    put_slots(1, 2);
    CHECK(found_in(WW__SLOTS_SIZE) == 2);
    put_slots(3, 2);
    CHECK(found_in(WW__SLOTS_SIZE) == 3);
}

/* CRC-32C as its definition has it, bit by bit. */
static uint32_t checksum(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xFFFFFFFF;
    int bit;
    for (; n > 0; n--)
        for (crc ^= *p++, bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0);
    return ~crc;
}

static void layout(void)
{
    static const uint8_t begin[8] = "walwire\1";
    static const uint8_t fields[] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, /* end_lsn */
                                     1,    2,    3,    4,    5,    6,    7,    8,    /* offset */
                                     0,    0,    0,    0,    0,    0,    0,    9,    /* acked */
                                     0x68, 0x41, 0x36, 0x97, 0xC4, 0xD9, 0x4B, 0x87, /* system id */
                                     0,    0,    0,    3,    0,    0,    0,    0,    /* timeline */
                                     0,    0,    0,    0,    0,    0,    0,    66,   /* device */
                                     0,    0,    0,    0,    0,    0,    0,    77,   /* inode */
                                     's',  '1',  0};
    uint8_t slot[WW__SLOT_SIZE];
    uint32_t crc;
    ww__kept k = example(9);
    ww__slot_encode(&k, 0x8000000000000001, slot);
    crc = checksum(slot + 12, sizeof slot - 12);
    CHECK(memcmp(slot, begin, sizeof begin) == 0);
    CHECK(slot[8] == crc >> 24 && slot[9] == (crc >> 16 & 255) && slot[11] == (crc & 255));
    CHECK(memcmp(slot + 16, fields, sizeof fields) == 0);
    CHECK(memcmp(slot + 136, "shop", 5) == 0);
    CHECK(slot[496] == 0x80 && slot[503] == 1 && slot[511] == '\n');
}

static void long_names(void)
{
    uint8_t slot[WW__SLOT_SIZE];
    uint64_t sequence;
    ww__kept k = example(1), got;
    memset(k.position.slot, 's', sizeof k.position.slot - 1);
    memset(k.position.database, 'd', sizeof k.position.database - 1);
    ww__slot_encode(&k, 5, slot);
    CHECK(ww__slot_decode(slot, &got, &sequence) && sequence == 5);
    CHECK_TEXT(got.position.slot, k.position.slot);
    CHECK_TEXT(got.position.database, k.position.database);
}

/* Any byte of either slot: the other one is used. */
static void flipped_bytes(void)
{
    static const uint8_t masks[] = {1, 2, 4, 8, 16, 32, 64, 128, 255};
    size_t i, m;
    put_slots(5, 6);
    for (i = 0; i < WW__SLOTS_SIZE; i++)
        for (m = 0; m < sizeof masks; m++) {
            file[i] ^= masks[m];
            CHECK(found_in(WW__SLOTS_SIZE) == (i < WW__SLOT_SIZE ? 5 : 6));
            file[i] ^= masks[m];
        }
    put_slots(1, 0);
    for (i = 0; i < WW__SLOTS_SIZE; i++)
        for (m = 0; m < sizeof masks; m++) {
            file[i] ^= masks[m];
            CHECK(found_in(WW__SLOTS_SIZE) == (i < WW__SLOT_SIZE ? 1 : WW_ERR_GAP));
            file[i] ^= masks[m];
        }
}

/* Zeros and damage in both. */
static void nothing_is_left(void)
{
    put_slots(5, 6);
    file[100] ^= 1;
    file[WW__SLOT_SIZE + 100] ^= 1;
    CHECK(found_in(WW__SLOTS_SIZE) == WW_ERR_GAP);
    put_slots(5, 6);
    memset(file, 0, WW__SLOT_SIZE);
    CHECK(found_in(WW__SLOTS_SIZE) == 5);
    put_slots(5, 6);
    memset(file + WW__SLOT_SIZE, 0, WW__SLOT_SIZE);
    CHECK(found_in(WW__SLOTS_SIZE) == 6);
}

/* A whole slot in the other's place. */
static void misplaced(void)
{
    put_slots(5, 0);
    memcpy(file, file + WW__SLOT_SIZE, WW__SLOT_SIZE);
    CHECK(found_in(WW__SLOTS_SIZE) == 5);
    memset(file + WW__SLOT_SIZE, 0, WW__SLOT_SIZE);
    CHECK(found_in(WW__SLOTS_SIZE) == WW_ERR_GAP);
}

/* The first n bytes of slot `next` over what was there; it is whole when the rest was the same. */
static void torn_write(uint64_t before, uint64_t other, uint64_t next, int64_t expected)
{
    uint8_t slot[WW__SLOT_SIZE];
    ww__kept k = example(next);
    size_t n, at = (next & 1) * WW__SLOT_SIZE;
    ww__slot_encode(&k, next, slot);
    for (n = 1; n < WW__SLOT_SIZE; n++) {
        put_slots(before, other);
        memcpy(file + at, slot, n);
        CHECK(found_in(WW__SLOTS_SIZE) ==
              (memcmp(file + at, slot, sizeof slot) == 0 ? (int64_t)next : expected));
    }
    put_slots(before, other);
    memcpy(file + at, slot, sizeof slot);
    CHECK(found_in(WW__SLOTS_SIZE) == (int64_t)next);
}

static void torn_writes(void)
{
    torn_write(0, 0, 1, 0);
    torn_write(1, 0, 2, 1);
    torn_write(1, 2, 3, 2);
    torn_write(255, 254, 256, 255);
}

/* The very first write, cut off with the file. */
static void sizes(void)
{
    size_t size;
    put_slots(1, 0);
    for (size = 0; size < WW__SLOTS_SIZE; size++)
        CHECK(found_in(size) == 0);
    for (size = WW__SLOTS_SIZE + 1; size < sizeof file; size++)
        CHECK(found_in(size) == WW_ERR_GAP);
    put_slots(1, 2);
    for (size = 1; size < sizeof file; size++)
        CHECK(found_in(size) == (size == WW__SLOTS_SIZE ? 2 : WW_ERR_GAP));
    memset(file, 0, sizeof file);
    CHECK(found_in(WW__SLOTS_SIZE + 1) == WW_ERR_GAP);
}

int main(void)
{
    RUN(whole);
    RUN(layout);
    RUN(long_names);
    RUN(flipped_bytes);
    RUN(nothing_is_left);
    RUN(misplaced);
    RUN(torn_writes);
    RUN(sizes);
    return check_report();
}
