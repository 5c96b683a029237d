/* SPDX-License-Identifier: MIT */
/* spool.c: a byte stream per transaction, cut into chunks.
 *
 * Invariants: a chunk is in memory (bytes set) or in the file (extent set), never both; all chunks
 * in memory hang on one queue, oldest first, and `memory` counts their capacities; a transaction's
 * last chunk alone is appended to. When memory passes its limit the oldest chunks go to the file,
 * each to an extent of its own; extents that are read or dropped are used again. */
#include "spool.h"

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_MAX ((size_t)32 << 10) /* also the size of an extent */
#define CHUNK_MIN ((size_t)1 << 10)
#define LENGTH_SIZE 4u
#define CANNOT_MAKE "cannot make a spill file in"
#define RECORD_KEEP ((size_t)4 << 20) /* a larger record's memory is given back */

typedef struct chunk chunk;
typedef struct txn txn;

struct chunk {
    chunk *next;          /* of the transaction */
    chunk *older, *newer; /* of the queue, while in memory */
    uint8_t *bytes;       /* NULL: in the file */
    uint64_t extent;
    size_t cap, len;
};

struct txn {
    chunk *first, *last;
    txn *before, *after; /* all open transactions */
    size_t read_at;      /* in the first chunk */
};

struct ww__spool {
    ww_spool table;
    size_t memory, memory_limit;
    chunk *oldest, *newest;
    txn *transactions;
    int fd;
    char directory[1024];
    uint64_t extents, extent_limit; /* in the file, and allowed */
    uint64_t *free_extents;
    size_t free_count, free_cap;
    uint8_t *page; /* a chunk read back from the file */
    chunk *paged;  /* which one */
    uint8_t *record;
    size_t record_cap;
    uint64_t spilled;
    bool failed; /* the file, or its limit */
};

/* ---- the file ------------------------------------------------------------------------------- */

/* Not ERR_IO: trying again, as after a lost connection, would not help. */
static ww_status fail_in(const char *directory, ww_status status, const char *what, ww_error *err)
{
    int code = errno;
    ww__fail_text(err, status, what, directory);
    if (err != NULL) {
        err->sys_errno = code;
        ww__copy_cut(err->hint, sizeof err->hint,
                     ww_slice_of("Nothing of it was acknowledged. Give a directory with room: "
                                 "--spill-dir DIR, more memory: --assemble-memory BYTES, or let "
                                 "the server keep large transactions: --streaming off"));
    }
    return status;
}

static ww_status file_failed(ww__spool *s, ww_status status, const char *what, ww_error *err)
{
    s->failed = true;
    return fail_in(s->directory, status, what, err);
}

/* Without a name from the start where the system can, else unlinked at once; mode 0600 in any case.
 */
static int open_unlinked(const char *directory)
{
    char path[1100];
    int fd;
#ifdef O_TMPFILE
    fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
#endif
    snprintf(path, sizeof path, "%s/walwire-spill-XXXXXX", directory);
    fd = mkstemp(path);
    if (fd >= 0) {
        unlink(path);
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    return fd;
}

static ww_status open_file(ww__spool *s, ww_error *err)
{
    if (s->fd >= 0)
        return WW_OK;
    s->fd = open_unlinked(s->directory);
    return s->fd >= 0 ? WW_OK : file_failed(s, WW_ERR_USAGE, CANNOT_MAKE, err);
}

ww_status ww__spool_check(const char *directory, ww_error *err)
{
    int fd = open_unlinked(directory);
    if (fd < 0)
        return fail_in(directory, WW_ERR_USAGE, CANNOT_MAKE, err);
    close(fd);
    return WW_OK;
}

static ww_status take_extent(ww__spool *s, uint64_t *extent, ww_error *err)
{
    if (s->free_count > 0) {
        *extent = s->free_extents[--s->free_count];
        return WW_OK;
    }
    if (s->extents >= s->extent_limit) {
        s->failed = true;
        return ww__fail_text(err, WW_ERR_LIMIT,
                             "streamed transactions need more room than the spill file may take",
                             "raise --spill-limit, or use --streaming off");
    }
    *extent = s->extents++;
    return WW_OK;
}

/* Cannot fail: room for every extent's number is made before the extent is used. */
static void give_extent(ww__spool *s, uint64_t extent)
{
    s->free_extents[s->free_count++] = extent;
}

static ww_status reserve_free_list(ww__spool *s, ww_error *err)
{
    size_t cap = s->free_cap > 0 ? s->free_cap * 2 : 256;
    uint64_t *bigger;
    if (s->extents < s->free_cap)
        return WW_OK;
    bigger = realloc(s->free_extents, cap * sizeof *bigger);
    if (bigger == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the spill file's free list");
    s->free_extents = bigger;
    s->free_cap = cap;
    return WW_OK;
}

static ww_status write_extent(ww__spool *s, const chunk *c, uint64_t extent, ww_error *err)
{
    size_t done = 0;
    while (done < c->len) {
        off_t at = (off_t)(extent * CHUNK_MAX + done);
        ssize_t n = pwrite(s->fd, c->bytes + done, c->len - done, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return file_failed(s, WW_ERR_LIMIT, "cannot write the spill file in", err);
        done += (size_t)n;
    }
    return WW_OK;
}

static ww_status read_extent(ww__spool *s, chunk *c, ww_error *err)
{
    size_t done = 0;
    if (s->paged == c)
        return WW_OK;
    if (s->page == NULL && (s->page = malloc(CHUNK_MAX)) == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory to read the spill file");
    while (done < c->len) {
        off_t at = (off_t)(c->extent * CHUNK_MAX + done);
        ssize_t n = pread(s->fd, s->page + done, c->len - done, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return file_failed(s, WW_ERR_INTERNAL, "cannot read the spill file in", err);
        done += (size_t)n;
    }
    s->paged = c;
    return WW_OK;
}

/* ---- chunks --------------------------------------------------------------------------------- */

static void enqueue(ww__spool *s, chunk *c)
{
    c->older = s->newest;
    c->newer = NULL;
    if (s->newest != NULL)
        s->newest->newer = c;
    else
        s->oldest = c;
    s->newest = c;
}

static void dequeue(ww__spool *s, chunk *c)
{
    if (c->older != NULL)
        c->older->newer = c->newer;
    else
        s->oldest = c->newer;
    if (c->newer != NULL)
        c->newer->older = c->older;
    else
        s->newest = c->older;
}

static void release_memory(ww__spool *s, chunk *c)
{
    dequeue(s, c);
    s->memory -= c->cap;
    free(c->bytes);
    c->bytes = NULL;
}

static void free_chunk(ww__spool *s, chunk *c)
{
    if (c->bytes != NULL)
        release_memory(s, c);
    else
        give_extent(s, c->extent);
    if (s->paged == c)
        s->paged = NULL;
    free(c);
}

static ww_status spill(ww__spool *s, chunk *c, ww_error *err)
{
    uint64_t extent = 0;
    ww_status st = open_file(s, err);
    if (st == WW_OK)
        st = reserve_free_list(s, err);
    if (st == WW_OK)
        st = take_extent(s, &extent, err);
    if (st < 0)
        return st;
    st = write_extent(s, c, extent, err);
    if (st < 0) {
        give_extent(s, extent);
        return st;
    }
    s->spilled += c->len;
    c->extent = extent;
    release_memory(s, c);
    return WW_OK;
}

static ww_status make_room(ww__spool *s, size_t more, ww_error *err)
{
    ww_status st = WW_OK;
    while (st == WW_OK && s->oldest != NULL && s->memory + more > s->memory_limit)
        st = spill(s, s->oldest, err);
    return st;
}

/* Small at first: thousands of transactions may be open at once, most of them with little. */
static ww_status add_chunk(ww__spool *s, txn *t, size_t cap, ww_error *err)
{
    ww_status st = make_room(s, cap, err);
    chunk *c = st == WW_OK ? calloc(1, sizeof *c) : NULL;
    if (st < 0)
        return st;
    if (c == NULL || (c->bytes = malloc(cap)) == NULL) {
        free(c);
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a streamed transaction");
    }
    c->cap = cap;
    s->memory += cap;
    enqueue(s, c);
    if (t->last != NULL)
        t->last->next = c;
    else
        t->first = c;
    t->last = c;
    return WW_OK;
}

static ww_status grow_chunk(ww__spool *s, chunk *c, ww_error *err)
{
    size_t more = c->cap;
    uint8_t *bigger;
    ww_status st = make_room(s, more, err);
    if (st < 0 || c->bytes == NULL)
        return st; /* it went to the file itself: the next byte begins a new chunk */
    bigger = realloc(c->bytes, c->cap + more);
    if (bigger == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a streamed transaction");
    c->bytes = bigger;
    c->cap += more;
    s->memory += more;
    return WW_OK;
}

/* ---- append --------------------------------------------------------------------------------- */

static ww_status append_bytes(ww__spool *s, txn *t, ww_slice bytes, ww_error *err)
{
    while (bytes.len > 0) {
        chunk *c = t->last;
        size_t room = c != NULL && c->bytes != NULL ? c->cap - c->len : 0;
        ww_status st = WW_OK;
        if (room == 0) {
            bool full = c == NULL || c->bytes == NULL || c->cap == CHUNK_MAX;
            st = full ? add_chunk(s, t, c == NULL ? CHUNK_MIN : CHUNK_MAX, err)
                      : grow_chunk(s, c, err);
            if (st < 0)
                return st;
            continue;
        }
        if (room > bytes.len)
            room = bytes.len;
        memcpy(c->bytes + c->len, bytes.ptr, room);
        c->len += room;
        bytes.ptr += room;
        bytes.len -= room;
    }
    return WW_OK;
}

static txn *open_txn(ww__spool *s)
{
    txn *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->after = s->transactions;
    if (t->after != NULL)
        t->after->before = t;
    s->transactions = t;
    return t;
}

/* Nearly every record fits into the chunk that is at hand. */
static bool append_whole(txn *t, ww_slice head, ww_slice body)
{
    chunk *c = t->last;
    uint8_t *to;
    if (c == NULL || c->bytes == NULL || c->cap - c->len < LENGTH_SIZE + head.len ||
        c->cap - c->len - LENGTH_SIZE - head.len < body.len)
        return false;
    to = c->bytes + c->len;
    ww__store32(to, (uint32_t)(head.len + body.len));
    memcpy(to + LENGTH_SIZE, head.ptr, head.len);
    if (body.len > 0)
        memcpy(to + LENGTH_SIZE + head.len, body.ptr, body.len);
    c->len += LENGTH_SIZE + head.len + body.len;
    return true;
}

static ww_status append(void *ctx, void **handle, ww_slice head, ww_slice body, ww_error *err)
{
    ww__spool *s = ctx;
    uint8_t length[LENGTH_SIZE];
    ww_slice prefix = {length, sizeof length};
    ww_status st;
    if (*handle == NULL && (*handle = open_txn(s)) == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a streamed transaction");
    if (append_whole(*handle, head, body))
        return WW_OK;
    ww__store32(length, (uint32_t)(head.len + body.len));
    st = append_bytes(s, *handle, prefix, err);
    if (st == WW_OK)
        st = append_bytes(s, *handle, head, err);
    return st == WW_OK ? append_bytes(s, *handle, body, err) : st;
}

/* ---- read ----------------------------------------------------------------------------------- */

/* The first chunk's bytes from the read position on; chunks that are read through are freed. */
static ww_status current_bytes(ww__spool *s, txn *t, ww_slice *bytes, ww_error *err)
{
    ww_status st;
    while (t->first != NULL && t->read_at == t->first->len) {
        chunk *done = t->first;
        t->first = done->next;
        if (t->first == NULL)
            t->last = NULL;
        t->read_at = 0;
        free_chunk(s, done);
    }
    if (t->first == NULL)
        return WW_END;
    if (t->first->bytes == NULL && (st = read_extent(s, t->first, err)) < 0)
        return st;
    bytes->ptr = (t->first->bytes != NULL ? t->first->bytes : s->page) + t->read_at;
    bytes->len = t->first->len - t->read_at;
    return WW_OK;
}

/* Copies n bytes, from as many chunks as they lie in. */
static ww_status gather(ww__spool *s, txn *t, uint8_t *to, size_t n, ww_error *err)
{
    ww_slice bytes;
    while (n > 0) {
        size_t part;
        ww_status st = current_bytes(s, t, &bytes, err);
        if (st != WW_OK)
            return st;
        part = bytes.len < n ? bytes.len : n;
        memcpy(to, bytes.ptr, part);
        t->read_at += part;
        to += part;
        n -= part;
    }
    return WW_OK;
}

static ww_status reserve_record(ww__spool *s, size_t len, ww_error *err)
{
    uint8_t *bigger;
    if (len <= s->record_cap)
        return WW_OK;
    bigger = realloc(s->record, len);
    if (bigger == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a message of a streamed transaction");
    s->record = bigger;
    s->record_cap = len;
    return WW_OK;
}

/* What the last read handed out has ended. */
static void release_record(ww__spool *s)
{
    if (s->record_cap <= RECORD_KEEP)
        return;
    free(s->record);
    s->record = NULL;
    s->record_cap = 0;
}

/* It lies in several chunks. */
static ww_status read_in_pieces(ww__spool *s, txn *t, ww_slice *record, ww_error *err)
{
    uint8_t length[LENGTH_SIZE];
    ww_status st = gather(s, t, length, sizeof length, err);
    if (st != WW_OK)
        return st;
    record->len = ww__load32(length);
    if ((st = reserve_record(s, record->len, err)) < 0)
        return st;
    record->ptr = s->record;
    return gather(s, t, s->record, record->len, err);
}

static ww_status read_record(void *ctx, void *handle, ww_slice *record, ww_error *err)
{
    ww__spool *s = ctx;
    txn *t = handle;
    ww_slice bytes;
    ww_status st;
    release_record(s);
    if ((st = current_bytes(s, t, &bytes, err)) != WW_OK)
        return st;
    if (bytes.len < LENGTH_SIZE || bytes.len - LENGTH_SIZE < ww__load32(bytes.ptr))
        return read_in_pieces(s, t, record, err);
    record->len = ww__load32(bytes.ptr);
    record->ptr = bytes.ptr + LENGTH_SIZE;
    t->read_at += LENGTH_SIZE + record->len;
    return WW_OK;
}

/* ---- life ----------------------------------------------------------------------------------- */

static void drop(void *ctx, void *handle)
{
    ww__spool *s = ctx;
    txn *t = handle;
    release_record(s);
    if (t == NULL)
        return;
    while (t->first != NULL) {
        chunk *c = t->first;
        t->first = c->next;
        free_chunk(s, c);
    }
    if (t->before != NULL)
        t->before->after = t->after;
    else
        s->transactions = t->after;
    if (t->after != NULL)
        t->after->before = t->before;
    free(t);
}

ww__spool *ww__spool_open(size_t memory, const char *directory, uint64_t limit)
{
    ww__spool *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    if (directory == NULL && ((directory = getenv("TMPDIR")) == NULL || directory[0] == '\0'))
        directory = "/var/tmp";
    snprintf(s->directory, sizeof s->directory, "%s", directory);
    s->fd = -1;
    s->memory_limit = memory != 0 ? memory : WW_DEFAULT_ASSEMBLE_MEMORY;
    s->extent_limit = (limit != 0 ? limit : WW_DEFAULT_SPILL_LIMIT) / CHUNK_MAX;
    s->table.ctx = s;
    s->table.append = append;
    s->table.read = read_record;
    s->table.drop = drop;
    return s;
}

void ww__spool_close(ww__spool *s)
{
    if (s == NULL)
        return;
    while (s->transactions != NULL)
        drop(s, s->transactions);
    if (s->fd >= 0)
        close(s->fd);
    free(s->free_extents);
    free(s->page);
    free(s->record);
    free(s);
}

const ww_spool *ww__spool_table(ww__spool *s)
{
    return &s->table;
}

uint64_t ww__spool_spilled(const ww__spool *s)
{
    return s->spilled;
}

bool ww__spool_failed(const ww__spool *s)
{
    return s->failed;
}
