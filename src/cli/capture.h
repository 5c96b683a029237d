/* SPDX-License-Identifier: MIT */
/* capture.h: the capture file: docs/capture.md. */
#ifndef WALWIRE_CLI_CAPTURE_H
#define WALWIRE_CLI_CAPTURE_H

#include "cli.h"

#include <stdio.h>

#define CAPTURE_MAGIC "walwire\1"
#define CAPTURE_MAGIC_SIZE 8u
#define CAPTURE_FRAME_HEADER 9u /* u32 length, u32 CRC-32C, u8 type */

enum { CAPTURE_HEADER = 'H', CAPTURE_CATALOG = 'C', CAPTURE_WAL = 'w', CAPTURE_END = 'E' };

/* What the header says; text is cut to its room. */
typedef struct capture_info {
    char system_id[24];
    char timeline[16];
    char database[64];
    char server_version[64];
    char slot[64];
    char plugin[64];
    char options[4096]; /* START_REPLICATION as sent */
    bool binary, messages;
} capture_info;

void capture_write_magic(ww_out *out);
/* One frame whose body is the parts, one behind the other. */
void capture_write_frame(ww_out *out, uint8_t type, const ww_slice *parts, size_t nparts);
void capture_write_header(ww_out *out, const capture_info *info);

/* catalog.c: what of the server's catalog is in the capture already. */
typedef struct capture_catalog {
    const void **known; /* definitions in the registry, by address */
    size_t count, cap;
} capture_catalog;

/* Writes what the registry has of this relation and its columns' types, and the capture has not.
 * false: no memory. */
bool capture_write_catalog(capture_catalog *c, ww_out *out, const ww_types *types,
                           const ww_relation *relation);
void capture_catalog_close(capture_catalog *c);
/* Puts an entry into the registry. ERR_DECODE, ERR_LIMIT, ERR_NOMEM. */
ww_status capture_read_catalog(ww_slice entry, ww_types *types, ww_error *err);

/* Reads a capture, or bare frames, from a file. */
typedef struct capture_reader {
    FILE *file;
    const char *name;
    bool frames;     /* --input frames */
    uint64_t offset; /* of the next frame */
    uint64_t wal_frames;
    ww_types *types; /* the reader's, or NULL: what the capture has of the catalog is put there */
    bool ended; /* the end mark was read */
    size_t max_body;
    uint8_t *body;
    size_t body_cap, body_len;
    uint8_t type;
} capture_reader;

/* Checks the magic and reads the header (not for bare frames). ERR_IO, ERR_DECODE. */
ww_status capture_open(capture_reader *r, const char *path, bool frames, size_t max_body,
                       capture_info *info, ww_error *err);
/* The next WAL frame in body[0 .. body_len); WW_END after the last. ERR_DECODE with the offset for
 * what is torn or damaged; a capture without end mark is torn. */
ww_status capture_next(capture_reader *r, ww_error *err);
void capture_close(capture_reader *r);

#endif
