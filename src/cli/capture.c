/* SPDX-License-Identifier: MIT */
/* capture.c: writes and reads capture files: a magic, then frames of length, checksum, type and
 * body. */
#include "capture.h"

#include "base/crc.h"
#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"
#include "base/out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing -------------------------------------------------------------------------------- */

void capture_write_magic(ww_out *out)
{
    ww__out_put(out, CAPTURE_MAGIC, CAPTURE_MAGIC_SIZE);
}

void capture_write_frame(ww_out *out, uint8_t type, const ww_slice *parts, size_t nparts)
{
    uint8_t header[CAPTURE_FRAME_HEADER];
    uint32_t crc = ww__crc32c(0, &type, 1);
    size_t len = 0, i;
    for (i = 0; i < nparts; i++) {
        crc = ww__crc32c(crc, parts[i].ptr, parts[i].len);
        len += parts[i].len;
    }
    ww__store32(header, (uint32_t)len);
    ww__store32(header + 4, crc);
    header[8] = type;
    ww__out_put(out, header, sizeof header);
    for (i = 0; i < nparts; i++)
        ww__out_put(out, parts[i].ptr, parts[i].len);
}

static void put_pair(ww__writer *w, const char *name, const char *value)
{
    ww__put_cstr(w, name);
    ww__put_cstr(w, value);
}

void capture_write_header(ww_out *out, const capture_info *info)
{
    uint8_t body[sizeof *info + 256];
    ww__writer w = ww__writer_of(body, sizeof body);
    ww_slice part;
    put_pair(&w, "system_id", info->system_id);
    put_pair(&w, "timeline", info->timeline);
    put_pair(&w, "database", info->database);
    put_pair(&w, "server_version", info->server_version);
    put_pair(&w, "slot", info->slot);
    put_pair(&w, "plugin", info->plugin);
    put_pair(&w, "options", info->options);
    put_pair(&w, "binary", info->binary ? "on" : "off");
    put_pair(&w, "messages", info->messages ? "on" : "off");
    part.ptr = body;
    part.len = ww__written(&w);
    capture_write_frame(out, CAPTURE_HEADER, &part, 1);
}

/* ---- reading -------------------------------------------------------------------------------- */

static ww_status damaged(const capture_reader *r, const char *what, ww_error *err)
{
    ww__fail_at(err, WW_ERR_DECODE, what, r->offset, 0);
    ww__error_add_text(err, r->name);
    return WW_ERR_DECODE;
}

/* WW_END: nothing at all was left. */
static ww_status read_exactly(capture_reader *r, uint8_t *to, size_t n, ww_error *err)
{
    size_t got = fread(to, 1, n, r->file);
    if (got == n)
        return WW_OK;
    if (ferror(r->file)) {
        ww__fail_text(err, WW_ERR_IO, "cannot read", r->name);
        if (err != NULL)
            err->sys_errno = errno;
        return WW_ERR_IO;
    }
    return got == 0 ? WW_END : damaged(r, "the file ends in the middle of a frame", err);
}

/* The body grows as its bytes arrive: the length is only a claim. */
static ww_status read_body(capture_reader *r, size_t len, ww_error *err)
{
    r->body_len = 0;
    while (r->body_len < len) {
        size_t room = r->body_cap - r->body_len;
        size_t want = len - r->body_len;
        ww_status st;
        if (room == 0) {
            size_t cap = r->body_cap * 2;
            uint8_t *bigger = realloc(r->body, cap);
            if (bigger == NULL)
                return ww__fail(err, WW_ERR_NOMEM, "no memory for a frame");
            r->body = bigger;
            r->body_cap = cap;
            continue;
        }
        want = want < room ? want : room;
        st = read_exactly(r, r->body + r->body_len, want, err);
        if (st != WW_OK)
            return st == WW_END ? damaged(r, "the file ends in the middle of a frame", err) : st;
        r->body_len += want;
    }
    return WW_OK;
}

static ww_status check_length(const capture_reader *r, size_t len, ww_error *err)
{
    return len <= r->max_body
               ? WW_OK
               : damaged(r, "a frame is larger than --max-message allows, or damaged", err);
}

static ww_status read_frame(capture_reader *r, ww_error *err)
{
    uint8_t header[CAPTURE_FRAME_HEADER];
    uint32_t len;
    ww_status st = read_exactly(r, header, sizeof header, err);
    if (st != WW_OK)
        return st;
    len = ww__load32(header);
    r->type = header[8];
    if ((st = check_length(r, len, err)) < 0 || (st = read_body(r, len, err)) < 0)
        return st;
    if (ww__crc32c(ww__crc32c(0, &r->type, 1), r->body, len) != ww__load32(header + 4))
        return damaged(r, "a frame is damaged: its checksum does not match", err);
    r->offset += sizeof header + len;
    return WW_OK;
}

static ww_status read_bare_frame(capture_reader *r, ww_error *err)
{
    uint8_t header[4];
    ww_status st = read_exactly(r, header, sizeof header, err);
    if (st != WW_OK)
        return st;
    if ((st = check_length(r, ww__load32(header), err)) < 0 ||
        (st = read_body(r, ww__load32(header), err)) < 0)
        return st;
    r->offset += sizeof header + r->body_len;
    return WW_OK;
}

static void take_pair(capture_info *info, ww_slice name, ww_slice value)
{
    struct field {
        const char *name;
        char *out;
        size_t cap;
    } fields[] = {
        {"system_id", info->system_id, sizeof info->system_id},
        {"timeline", info->timeline, sizeof info->timeline},
        {"database", info->database, sizeof info->database},
        {"server_version", info->server_version, sizeof info->server_version},
        {"slot", info->slot, sizeof info->slot},
        {"plugin", info->plugin, sizeof info->plugin},
        {"options", info->options, sizeof info->options},
    };
    size_t i;
    for (i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (ww_slice_equal(name, ww_slice_of(fields[i].name)))
            ww__copy_cut(fields[i].out, fields[i].cap, value);
    if (ww_slice_equal(name, ww_slice_of("binary")))
        info->binary = ww_slice_equal(value, ww_slice_of("on"));
    if (ww_slice_equal(name, ww_slice_of("messages")))
        info->messages = ww_slice_equal(value, ww_slice_of("on"));
}

/* Names that this version does not know are skipped: later versions may add some. */
static ww_status read_header(capture_reader *r, capture_info *info, ww_error *err)
{
    ww_slice body;
    ww__reader in;
    ww_status st = read_frame(r, err);
    if (st < 0)
        return st;
    if (st == WW_END || r->type != CAPTURE_HEADER)
        return damaged(r, "the capture does not begin with its header", err);
    body.ptr = r->body;
    body.len = r->body_len;
    in = ww__reader_of(body);
    while (ww__left(&in) > 0) {
        ww_slice name = ww__cstr(&in);
        take_pair(info, name, ww__cstr(&in));
    }
    return in.broken == NULL ? WW_OK : damaged(r, "the capture's header is damaged", err);
}

ww_status capture_open(capture_reader *r, const char *path, bool frames, size_t max_body,
                       capture_info *info, ww_error *err)
{
    uint8_t magic[CAPTURE_MAGIC_SIZE];
    ww_status st;
    memset(r, 0, sizeof *r);
    memset(info, 0, sizeof *info);
    r->name = strcmp(path, "-") == 0 ? "standard input" : path;
    r->frames = frames;
    r->max_body = max_body;
    r->body_cap = 65536;
    r->body = malloc(r->body_cap);
    if (r->body == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a frame");
    r->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (r->file == NULL) {
        ww__fail_text(err, WW_ERR_IO, "cannot open", path);
        if (err != NULL)
            err->sys_errno = errno;
        return WW_ERR_IO;
    }
    if (frames)
        return WW_OK;
    st = read_exactly(r, magic, sizeof magic, err);
    if (st == WW_ERR_IO)
        return st;
    if (st != WW_OK || memcmp(magic, CAPTURE_MAGIC, sizeof magic) != 0)
        return damaged(r, "this is no capture of walwire record (bare frames need --input frames)",
                       err);
    r->offset = sizeof magic;
    return read_header(r, info, err);
}

static ww_status check_end(capture_reader *r, ww_error *err)
{
    r->ended = true;
    if (r->body_len != 8 || ww__load64(r->body) != r->wal_frames)
        return damaged(r, "the end mark counts another number of frames", err);
    return WW_OK;
}

static ww_status take_catalog(const capture_reader *r, ww_error *err)
{
    ww_slice entry = {r->body, r->body_len};
    ww_status st = r->types != NULL ? capture_read_catalog(entry, r->types, err) : WW_OK;
    return st == WW_ERR_DECODE ? damaged(r, err->what, err) : st;
}

ww_status capture_next(capture_reader *r, ww_error *err)
{
    ww_status st;
    if (r->frames)
        return read_bare_frame(r, err);
    while ((st = read_frame(r, err)) == WW_OK) {
        if (r->ended)
            return damaged(r, "there is more behind the end mark", err);
        if (r->type == CAPTURE_WAL) {
            r->wal_frames++;
            return WW_OK;
        }
        if (r->type == CAPTURE_CATALOG)
            st = take_catalog(r, err);
        else if (r->type == CAPTURE_END)
            st = check_end(r, err);
        else
            st = damaged(r, "a frame is of an unknown type", err);
        if (st < 0)
            return st;
    }
    if (st == WW_END && !r->ended)
        return damaged(
            r, "the capture has no end mark: it was cut off, or record did not end cleanly", err);
    return st;
}

void capture_close(capture_reader *r)
{
    if (r->file != NULL && r->file != stdin)
        fclose(r->file);
    free(r->body);
}
