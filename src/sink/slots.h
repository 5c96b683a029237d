/* SPDX-License-Identifier: MIT */
/* slots.h: a position in bytes: two slots of 512, written in turn, so that one of them is always
 * whole. Pure functions.
 *
 *     0 "walwire" and the version, 1       40 system id          72 slot name, 64 bytes
 *     8 CRC-32C of all that follows        48 timeline          136 database, 64 bytes
 *    12 zero                               52 zero              200 zeros
 *    16 end_lsn   24 offset   32 acked     56 device  64 inode  496 sequence  504 zeros, line feed
 *
 * Integers are big-endian, names filled up with NULs. The sequence number's lowest bit is the
 * slot's index: slot 1 is written first. */
#ifndef WALWIRE_SINK_SLOTS_H
#define WALWIRE_SINK_SLOTS_H

#include <walwire/client.h>

#define WW__SLOT_SIZE 512u
#define WW__SLOTS_SIZE (2 * WW__SLOT_SIZE)

/* What is kept: a position, and for a sink how far in which file. */
typedef struct ww__kept {
    ww_position position;
    uint64_t offset;
    uint64_t device, inode;
} ww__kept;

/* Names longer than their fields do not come here: ww_position has no room for them. */
void ww__slot_encode(const ww__kept *kept, uint64_t sequence, uint8_t out[WW__SLOT_SIZE]);
/* False unless it is what ww__slot_encode() wrote, bit by bit. */
bool ww__slot_decode(const uint8_t bytes[WW__SLOT_SIZE], ww__kept *kept, uint64_t *sequence);

/* The newer one of the slots in a file of this size. WW_END: nothing was kept in it yet; this is
 * also what a crash leaves of the very first write: slot 0 untouched, slot 1 without its last byte.
 * ERR_GAP: something was, and cannot be read. */
ww_status ww__slots_newest(const uint8_t *bytes, size_t size, ww__kept *kept, uint64_t *sequence);
/* Does a file that begins like this hold a position, readable or not? False for one that nothing
 * was kept in. */
bool ww__slots_resemble(const uint8_t *bytes, size_t size);

#endif
