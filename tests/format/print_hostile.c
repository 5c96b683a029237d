/* SPDX-License-Identifier: MIT */
/* print_hostile.c: hostile values and names as lines for check_lines.py, each beside the bytes
 * it was made of: what, hexadecimal, line. `what` is v (a text column), j (a json column), n (a
 * name: relation and column). */
#include "drive.h"

#include <inttypes.h>

static uint64_t state = 1;

static uint32_t next_random(uint32_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % below;
}

static void print(drive *d, char what, ww_slice bytes)
{
    ww_slice line = drive_last_line(d);
    size_t i;
    printf("%c\t", what);
    for (i = 0; i < bytes.len; i++)
        printf("%02x", bytes.ptr[i]);
    printf("\t");
    fwrite(line.ptr, 1, line.len, stdout);
    printf("\n");
    drive_forget(d);
}

static void try_value(drive *d, char what, ww_slice bytes)
{
    const uint32_t id = what == 'j' ? 2 : 1;
    ww_column value = enc_text("");
    value.value = bytes;
    enc_insert(&d->e, 0, id, &value, 1);
    drive_send(d);
    print(d, what, bytes);
}

/* Names come to us NUL-terminated: none has a NUL inside. */
static void try_name(drive *d, ww_slice bytes)
{
    char name[256];
    ww_relation_column column;
    ww_column value = enc_text("x");
    if (bytes.len >= sizeof name || memchr(bytes.ptr, 0, bytes.len) != NULL)
        return;
    memcpy(name, bytes.ptr, bytes.len);
    name[bytes.len] = '\0';
    column = enc_column(name, 25, true);
    enc_relation(&d->e, 0, 3, "s", name, 'd', &column, 1);
    drive_send(d);
    enc_insert(&d->e, 0, 3, &value, 1);
    drive_send(d);
    print(d, 'n', bytes);
}

static void try_all(drive *d, const void *bytes, size_t n)
{
    ww_slice s = { bytes, n };
    try_value(d, 'v', s);
    try_value(d, 'j', s);
    if (n > 0)
        try_name(d, s);
}

/* Pieces that hurt: alone, and strung together. */
static const char *const pieces[] = {
    "\"", "\\", "\n", "\r", "\t", "\b", "\x1B[2J", "\x1B]0;pwn\x07", "\x7F", "\xC2\x9B", "\xC2\x85",
    "\xE2\x80\xA8", "\xE2\x80\xAE", "\xEF\xBB\xBF", "\xF0\x9F\x90\x98", "caf\xC3\xA9", "\xFF",
    "\xC0\x80", "\xED\xA0\x80", "\xE2\x82", "{", "}", "[", "]", ",", ":", "null", "true", "0",
    "-1.5e+3", "01", "NaN", "\"a\"", "\\u0000", "\\ud800", "__proto__", "abcdefgh", "</script>",
    "'; DROP TABLE t; --", "$bytes", " ", "12345678901234567890123",
};
#define PIECES (sizeof pieces / sizeof pieces[0])

static void each_byte_and_piece(drive *d)
{
    unsigned b;
    size_t i;
    for (b = 0; b < 256; b++) {
        uint8_t bytes[9] = { (uint8_t)b };
        try_all(d, bytes, 1);
        memset(bytes, 'a', sizeof bytes);
        bytes[b % 9] = (uint8_t)b;
        try_all(d, bytes, sizeof bytes);
    }
    for (i = 0; i < PIECES; i++)
        try_all(d, pieces[i], strlen(pieces[i]));
}

static void random_strings(drive *d)
{
    uint8_t bytes[200];
    unsigned round;
    for (round = 0; round < 3000; round++) {
        size_t n = 0, want = next_random(100);
        while (n < want) {
            const char *piece = pieces[next_random(PIECES)];
            size_t len = strlen(piece);
            if (next_random(4) == 0) {
                bytes[n++] = (uint8_t)next_random(256);
            } else {
                memcpy(bytes + n, piece, len);
                n += len;
            }
        }
        try_all(d, bytes, n);
    }
}

/* A random JSON document, mostly valid. */
static size_t random_document(uint8_t *to, unsigned depth)
{
    static const char *const scalars[] = {
        "1", "-0.5E-7", "true", "null", "\"\"", "\"a\\u00e9\\n\"", "\"\xE2\x80\xA8\x7F\"",
        "12345678901234567890.5", "\"\\ud83d\\ude00\"", "01", "tru",
    };
    static const char *const spaces[] = { "", "", " ", "\n", "\r\n\t", "  " };
    size_t n = 0, i, count = next_random(4);
    const char *text = spaces[next_random(6)];
    if (depth == 0 || next_random(3) == 0) {
        text = scalars[next_random(next_random(8) == 0 ? 11 : 9)];
        memcpy(to, text, strlen(text));
        return strlen(text);
    }
    if (next_random(2) == 0) {
        to[n++] = '[';
        for (i = 0; i < count; i++) {
            if (i > 0)
                to[n++] = ',';
            n += random_document(to + n, depth - 1);
            memcpy(to + n, text, strlen(text));
            n += strlen(text);
        }
        to[n++] = ']';
        return n;
    }
    to[n++] = '{';
    for (i = 0; i < count; i++) {
        n += (size_t)snprintf((char *)to + n, 64, "%s\"k%u\"%s:", i > 0 ? "," : "", (unsigned)i,
                              text);
        n += random_document(to + n, depth - 1);
    }
    to[n++] = '}';
    return n;
}

static void random_documents(drive *d)
{
    static uint8_t bytes[1 << 16];
    unsigned round;
    for (round = 0; round < 3000; round++) {
        ww_slice s = { bytes, random_document(bytes, 1 + next_random(5)) };
        try_value(d, 'j', s);
    }
}

int main(int argc, char **argv)
{
    ww_relation_column text = enc_column("v", 25, true), json = enc_column("v", 114, true);
    drive d;
    if (argc != 3 ||
        drive_open(&d, argv[1], strcmp(argv[2], "terminal") == 0 ? DRIVE_TERMINAL : 0) != WW_OK) {
        fprintf(stderr, "usage: print_hostile FORMAT plain|terminal\n");
        return 2;
    }
    enc_relation(&d.e, 0, 1, "s", "t", 'd', &text, 1);
    drive_send(&d);
    enc_relation(&d.e, 0, 2, "s", "j", 'd', &json, 1);
    drive_send(&d);
    each_byte_and_piece(&d);
    random_strings(&d);
    random_documents(&d);
    drive_close(&d);
    return check_failures == 0 ? 0 : 1;
}
